//! What a source says of its models, whatever the source: names are those outside, and nothing has been resolved.

/// A model or a table.
#[derive(Debug, Default)]
pub(crate) struct Definition {
    pub(crate) name: String,
    /// What the source says of it for people.
    pub(crate) description: Option<String>,
    pub(crate) properties: Vec<Property>,
    /// None where the rows have no key of their own: relata's id stands for it.
    pub(crate) primary_key: Vec<String>,
    pub(crate) uniques: Vec<Vec<String>>,
    pub(crate) indexes: Vec<Vec<String>>,
    pub(crate) keys: Vec<ForeignKey>,
    pub(crate) inverses: Vec<Inverse>,
    /// What is not said, and why.
    pub(crate) notes: Vec<String>,
}

/// A property or a column.
#[derive(Debug)]
pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) is_optional: bool,
    pub(crate) notes: Vec<String>,
}

/// What values a property has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Integer,
    /// JavaScript's only one: a whole number where it is part of a key.
    Number,
    Float,
    Text,
    Boolean,
    Bytes,
    /// Whatever JSON can be.
    Json,
    GeoPoint,
    /// What the foreign key refers to.
    Undeclared,
    List(Box<Kind>),
    /// A row of a model within the row.
    Embedded(String),
    /// relata's id of a model.
    Id(String),
}

impl Kind {
    /// Whether values can be told apart for sure, which keys need.
    pub(crate) fn is_key(&self) -> bool {
        !matches!(self, Kind::Float | Kind::Json | Kind::GeoPoint | Kind::List(_) | Kind::Embedded(_))
    }
}

/// Properties that hold a key of a model.
#[derive(Debug, Clone, Default)]
pub(crate) struct ForeignKey {
    /// The name of the relation; that of the property without `Id`, if nothing is said.
    pub(crate) name: Option<String>,
    pub(crate) fields: Vec<String>,
    pub(crate) target: String,
    /// Empty where the primary key is meant.
    pub(crate) target_fields: Vec<String>,
    pub(crate) on_delete: Action,
    pub(crate) on_update: Action,
    /// `references_many`: the property is a list of ids.
    pub(crate) is_list: bool,
}

/// What happens to the sources of a row that goes or changes its key.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Action {
    /// What relata does if nothing is said: restrict.
    #[default]
    Unsaid,
    Cascade,
    SetNull,
    /// To these values, as expressions of Rust.
    SetDefault(Vec<String>),
}

/// The other end of a foreign key.
#[derive(Debug, Clone)]
pub(crate) struct Inverse {
    pub(crate) name: String,
    pub(crate) is_one: bool,
    /// What the row has.
    pub(crate) model: String,
    pub(crate) over: Over,
    /// Whether the source says it; otherwise it follows from the key.
    pub(crate) is_declared: bool,
}

/// The foreign keys that an inverse goes over, by their properties.
#[derive(Debug, Clone)]
pub(crate) enum Over {
    Key(Vec<String>),
    /// Through a link: its key to this model, and that to the other.
    Link {
        model: String,
        near: Vec<String>,
        far: Vec<String>,
    },
}

impl Definition {
    pub(crate) fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    pub(crate) fn property_mut(&mut self, name: &str) -> Option<&mut Property> {
        self.properties.iter_mut().find(|property| property.name == name)
    }

    /// The unique key on these fields, in its own order.
    pub(crate) fn unique_on(&self, fields: &[String]) -> Option<&Vec<String>> {
        let is_same = |key: &&Vec<String>| key.len() == fields.len() && fields.iter().all(|field| key.contains(field));
        std::iter::once(&self.primary_key).chain(&self.uniques).find(is_same).filter(|key| !key.is_empty())
    }

    /// Declares a unique key that is not there yet.
    pub(crate) fn add_unique(&mut self, fields: Vec<String>) {
        if self.unique_on(&fields).is_none() {
            self.uniques.push(fields);
        }
    }

    /// Whether a row may lack a key on these fields.
    pub(crate) fn is_optional(&self, fields: &[String]) -> bool {
        fields.iter().any(|field| self.property(field).is_none_or(|property| property.is_optional))
    }
}

impl Property {
    pub(crate) fn new(name: &str, kind: Kind, is_optional: bool) -> Self {
        Property { name: name.to_owned(), description: None, kind, is_optional, notes: Vec::new() }
    }
}

/// Names as a list in a sentence.
pub(crate) fn listed(names: &[String]) -> String {
    names.join(", ")
}
