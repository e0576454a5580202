//! `relata`: looks into a snapshot without the program that saved it, writes models from definitions of other systems,
//! and adds relations to models.
//!
//! Exit codes: 0 where all is well, 1 where differences, violations or damage have been found, 2 where the command
//! line is wrong or a file cannot be read.

mod check;
mod diff;
mod info;
mod models;
mod names;
mod output;
mod recover;
mod relation;
mod rows;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use output::{Failure, Output};

/// Looks into relata snapshots without the program that saved them, and writes models.
#[derive(Parser)]
#[command(name = "relata", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  relata info world.relata                        tables, rows, bytes, relations
  relata check world.relata                       is it whole, and does every key name a row?
  relata rows world.relata Player --json | jq .   one row a line
  relata diff monday.relata tuesday.relata        what has changed, row by row
  relata recover broken.relata saved.relata       what is whole of a damaged file
  relata models chinook.sqlite > src/models.rs    models from SQLite, or from LoopBack's definitions
  relata relation src/models.rs                   one relation more, asked for or by flags

Exit codes:
  0  all is well
  1  there are differences, violations or damage
  2  the command line is wrong, or a file cannot be read";

#[derive(Subcommand)]
enum Command {
    /// Shows format, tables, rows, bytes and relations; proves all checksums
    #[command(after_help = "Example:\n  relata info world.relata")]
    Info {
        /// The snapshot
        file: PathBuf,
    },
    /// Shows what the models declared, as JSON or as a Mermaid diagram
    #[command(after_help = "Examples:\n  relata schema world.relata --mermaid > world.mmd\n  \
                            relata schema world.relata --json | jq '.tables[].name'")]
    Schema {
        /// The snapshot
        file: PathBuf,
        #[command(flatten)]
        form: SchemaForm,
    },
    /// Proves every checksum, unique key, foreign key, list of ids and acyclic relation
    ///
    /// The rules are those of the schema in the file, the keys the fields of that name. A key that the file has in
    /// another form than it has in the program (a serde attribute on the field or on the model) cannot be checked;
    /// such keys are counted. Of a file of format 1 only the checksums and counts are proved.
    #[command(after_help = "Example:\n  relata check world.relata && cp world.relata backup/")]
    Check {
        /// The snapshot
        file: PathBuf,
    },
    /// Writes the rows of a table, as JSON (one row a line) or as CSV
    ///
    /// The row's id comes first, as `id`, or as `$id` where the rows have a field of that name. Integers are written
    /// in full, whatever their width. Floats that are no number are the texts "NaN", "inf" and "-inf"; bytes are
    /// hexadecimal text; an option in an option that has a value is {"Some": ..}. In CSV an absent value is empty,
    /// and lists, maps and structs are JSON within their column.
    #[command(after_help = "Examples:\n  relata rows world.relata Player --json --limit 5\n  \
                            relata rows world.relata Player --csv > players.csv")]
    Rows {
        /// The snapshot
        file: PathBuf,
        /// The table, as `relata info` names it
        table: String,
        #[command(flatten)]
        form: RowsForm,
        /// At most so many rows
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
    },
    /// Shows what differs between two snapshots: the schema, then rows by their ids
    #[command(after_help = "Example:\n  relata diff monday.relata tuesday.relata | less")]
    Diff {
        /// The older snapshot
        a: PathBuf,
        /// The newer one
        b: PathBuf,
    },
    /// Writes what is whole of a damaged file as a new one
    ///
    /// Whole are the blocks whose checksum agrees. Their rows keep their ids. Rows may then refer to some that are
    /// lost: `relata check` lists them, and a program loads the file with `accept_violations()`. The damaged file
    /// stays as it is. It is read into memory. Files of format 1 cannot be recovered.
    #[command(after_help = "Example:\n  relata recover broken.relata saved.relata; relata check saved.relata")]
    Recover {
        /// The damaged snapshot
        file: PathBuf,
        /// The file to be written, which must not be there yet
        out: PathBuf,
    },
    /// Writes models in Rust from LoopBack's model definitions or the schema of an SQLite file
    ///
    /// Definitions are JSON files of LoopBack 2 or 3, or what a discovery gives; all that refer to each other are given
    /// together. An SQLite file is known by its first bytes. Rows keep their own keys, so that the data that exists
    /// loads as it is. What relata cannot say is a comment in the source, with the reason. See docs/models.md.
    #[command(after_help = "Examples:\n  relata models common/models/*.json --out src/models.rs\n  \
                            relata models chinook.sqlite > src/models.rs")]
    Models {
        /// Model definitions, SQLite files
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The file to be written, in the place of one that is there; standard output, if nothing is said
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Adds a relation to the models of a source file
    ///
    /// Asks for the models, the kind, the relation's name and the foreign key, which have LoopBack's defaults. Where the
    /// flags say models and kind, it asks nothing. A key that is not there is added, and so is the belongs_to relation that
    /// has_one and has_many are the other end of. Nothing else in the file changes.
    #[command(after_help = "Examples:\n  relata relation src/models.rs\n  \
                            relata relation src/models.rs --model Order --kind belongs_to --related Customer --required\n  \
                            relata relation src/models.rs --model Customer --kind has_many --related Order")]
    Relation(relation::Relation),
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct SchemaForm {
    /// An entity-relationship diagram
    #[arg(long)]
    mermaid: bool,
    /// All of it
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct RowsForm {
    /// One object a line
    #[arg(long)]
    json: bool,
    /// A heading and one row a line
    #[arg(long)]
    csv: bool,
}

fn main() -> ExitCode {
    /// Values may be nested as deep as the limit of `output::open` says; that much is reserved and not used.
    const STACK: usize = 256 << 20;
    let arguments = Arguments::parse();
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(move || run(arguments.command));
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(error) => output::explain(&Failure::Trouble(format!("cannot start a thread: {error}"))),
    }
}

fn run(command: Command) -> ExitCode {
    let mut output = Output::new();
    let done = match command {
        Command::Info { file } => info::info(&file, &mut output),
        Command::Schema { file, form } => info::schema(&file, form.mermaid, &mut output),
        Command::Check { file } => check::check(&file, &mut output),
        Command::Rows { file, table, form, limit } => rows::rows(&file, &table, form.csv, limit, &mut output),
        // 1 says that they differ, which a damaged file does not tell.
        Command::Diff { a, b } => diff::diff(&a, &b, &mut output).map_err(Failure::into_trouble),
        Command::Recover { file, out } => recover::recover(&file, &out, &mut output),
        Command::Relation(arguments) => relation::relation(arguments, &mut output),
        Command::Models { files, out } => models::models(&files, out.as_deref(), &mut output),
    };
    match output.finish(done) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output::explain(&failure),
    }
}
