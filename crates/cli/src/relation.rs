//! `relata relation`: adds a relation to the models of a source file, as LoopBack's generator does.
//!
//! The file is read as Rust (`source`), what is missing is asked for (`ask`), and the relation becomes a few insertions
//! into the text (`add`, `edit`): nothing that is there is written anew.

mod add;
mod ask;
mod edit;
mod source;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::names::{field_name, many, snake_case};
use crate::output::{Failure, Outcome, Output, open_file};
use add::Addition;
use ask::Questions;
use source::{ModelSource, SourceFile};

/// What the flags of the command say.
#[derive(Args)]
pub(crate) struct Relation {
    /// The source file with the models, which is changed
    file: PathBuf,
    /// The model that the relation is declared on
    #[arg(long)]
    model: Option<String>,
    /// What kind of relation
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// The model at its other end
    #[arg(long, value_name = "MODEL")]
    related: Option<String>,
    /// has_many_through: the model of the links
    #[arg(long, value_name = "MODEL")]
    through: Option<String>,
    /// The relation's name [default: the related model in snake case, in the plural where there may be several]
    #[arg(long)]
    name: Option<String>,
    /// The field that holds the key [default: the relation's name and `_id`; of has_one and has_many the model's name and
    /// `_id`, in the related model]
    #[arg(long, value_name = "FIELD")]
    foreign_key: Option<String>,
    /// has_many_through: the link's key to the related model, where it has several
    #[arg(long, value_name = "FIELD")]
    key_through: Option<String>,
    /// A key that is added is never absent: `Id<Customer>` in the place of `Option<Id<Customer>>`
    #[arg(long)]
    required: bool,
}

/// The kinds of relations, by relata's names or LoopBack's.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Kind {
    /// The key is in the model: an order belongs to one customer
    #[value(alias = "belongsTo")]
    BelongsTo,
    /// The key is in the related model, which has it once: a customer has one address
    #[value(alias = "hasOne")]
    HasOne,
    /// The key is in the related model: a customer has many orders
    #[value(alias = "hasMany")]
    HasMany,
    /// Both keys are in a third model: a post has many tags, through the links between them
    #[value(alias = "hasManyThrough")]
    HasManyThrough,
    /// The model has a list of ids: a playlist references many songs
    #[value(alias = "referencesMany")]
    ReferencesMany,
}

pub(crate) fn relation(arguments: Relation, output: &mut Output) -> Outcome {
    let file = arguments.file.clone();
    open_file(&file)?;
    let text = fs::read_to_string(&file).map_err(|error| trouble(&file, &format!("cannot read it: {error}")))?;
    let source = SourceFile::read(text).map_err(|why| trouble(&file, &why))?;
    let refused = |why: String| trouble(&file, &why);
    let addition = decide(arguments, &source).map_err(refused)?;
    let edits = addition.edits(&source).map_err(refused)?;
    let changed = edits.apply(&source.text);
    // What cannot be read back is not written.
    SourceFile::read(changed.clone()).map_err(|why| refused(format!("the change would not be Rust: {why}")))?;
    fs::write(&file, changed).map_err(|error| trouble(&file, &format!("cannot write it: {error}")))?;
    for message in edits.messages {
        writeln!(output, "{message}")?;
    }
    Ok(())
}

fn trouble(file: &Path, why: &str) -> Failure {
    Failure::Trouble(format!("{}: {why}", file.display()))
}

/// What is to be added: by the flags, by what is asked for, by LoopBack's defaults. Where the flags say models and kind,
/// nothing is asked.
fn decide(arguments: Relation, source: &SourceFile) -> Result<Addition, String> {
    let Relation { model, kind, related, through, name, foreign_key, key_through, required, .. } = arguments;
    let is_said = model.is_some() && kind.is_some() && related.is_some();
    let questions = Questions::new(!is_said);
    let models: Vec<&str> = source.models.iter().map(|model| model.name.as_str()).collect();
    let model = source.model(&Questions::needed("--model", "Model", &models, model)?)?;
    let kinds: Vec<_> = Kind::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
    let kinds: Vec<&str> = kinds.iter().map(clap::builder::PossibleValue::get_name).collect();
    let kind = match kind {
        Some(kind) => kind,
        None => Kind::from_str(&Questions::needed("--kind", "Kind", &kinds, None)?, false)
            .map_err(|_| format!("there is no such kind of relation; there are: {}", kinds.join(", ")))?,
    };
    let related = source.model(&Questions::needed("--related", "Related model", &models, related)?)?;
    let through = match kind {
        Kind::HasManyThrough if is_said && through.is_none() => {
            return Err("has_many_through needs the model of the links: say it by `--through`".to_owned());
        }
        Kind::HasManyThrough => {
            Some(source.model(&Questions::needed("--through", "Model of the links", &models, through)?)?)
        }
        _ if through.is_some() => return Err("`--through` is said of has_many_through".to_owned()),
        _ => None,
    };
    let one = snake_case(&source.models[related].name);
    let default_name = if matches!(kind, Kind::BelongsTo | Kind::HasOne) { one.clone() } else { many(&one) };
    let name = field_name(&questions.asked("Relation name", &default_name, name)?);
    let default_key = match kind {
        Kind::BelongsTo => format!("{name}_id"),
        Kind::ReferencesMany => format!("{one}_ids"),
        Kind::HasOne | Kind::HasMany => key_to(&source.models[related], &source.models[model].name),
        Kind::HasManyThrough => key_to(&source.models[through.unwrap_or(related)], &source.models[model].name),
    };
    let foreign_key = questions.asked("Foreign key", &default_key, foreign_key)?;
    Ok(Addition { model, kind, related, through, name, foreign_key, key_through, is_required: required })
}

/// The default key to a model: that of the only relation to it if there is one, else LoopBack's.
fn key_to(source: &ModelSource, target: &str) -> String {
    let relations = source.relations();
    let mut found = relations.iter().filter(|relation| relation.target == target && !relation.is_list);
    match (found.next(), found.next()) {
        (Some(only), None) if only.fields.len() == 1 => only.fields[0].clone(),
        _ => format!("{}_id", snake_case(target)),
    }
}
