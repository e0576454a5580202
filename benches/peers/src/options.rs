//! The flags, as `main.rs` lists them.

use std::path::PathBuf;

#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) is_writing: bool,
    pub(crate) is_quick: bool,
    pub(crate) is_resuming: bool,
    pub(crate) scale: f64,
    pub(crate) only: Vec<String>,
    /// The interpreter, unless there shall be none.
    pub(crate) python: Option<String>,
    pub(crate) ratios: Option<PathBuf>,
    pub(crate) tpch: Option<PathBuf>,
}

impl Options {
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut options = Options {
            is_writing: false,
            is_quick: false,
            is_resuming: false,
            scale: f64::NAN,
            only: Vec::new(),
            python: Some("python3".to_owned()),
            ratios: None,
            tpch: None,
        };
        let mut arguments = arguments.into_iter();
        while let Some(flag) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{flag} wants a value"));
            match flag.as_str() {
                "--write" => options.is_writing = true,
                "--quick" => options.is_quick = true,
                "--resume" => options.is_resuming = true,
                "--scale" => options.scale = value()?.parse().map_err(|_| "--scale wants a number".to_owned())?,
                "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
                "--python" => options.python = Some(value()?).filter(|python| python != "none"),
                "--ratios" => options.ratios = Some(value()?.into()),
                "--tpch" => options.tpch = Some(value()?.into()),
                _ => return Err(format!("there is no flag {flag}; those that there are stand in src/main.rs")),
            }
        }
        if options.scale.is_nan() {
            options.scale = if options.is_quick { 0.01 } else { 1.0 };
        }
        // Below, TPC-H has no supplier.
        if options.scale < 0.001 {
            return Err("--scale wants 0.001 or more".to_owned());
        }
        Ok(options)
    }

    /// Whether something is to be measured, by its name.
    pub(crate) fn is_asked(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.only.is_empty() || self.only.iter().any(|word| name.starts_with(&word.to_lowercase()))
    }
}
