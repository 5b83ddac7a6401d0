//! `mooring schema show`: the types of a table, or the keys of one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use mooring_schema::{Facet, Key, Origin, Schema, Supports, Variant};
use serde::Serialize;

use crate::exit::{Exit, UsageError};
use crate::output;
use crate::text::{Table, clean};

/// What `show` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// A payload type or preference domain; all types without it
    #[arg(value_name = "TYPE")]
    name: Option<String>,
    /// A table in place of the one in use
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// The data folder of a server, whose table it then is
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// All types.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    sources: &'a [String],
    types: Vec<TypeLine<'a>>,
}

/// One type among all.
#[derive(Debug, Serialize)]
struct TypeLine<'a> {
    r#type: &'a str,
    /// `apple`, or `manifest` for a preference domain of another maker.
    origin: &'static str,
    keys: usize,
    systems: Systems<'a>,
}

/// What is said per platform, by the names of Apple's data.
type Systems<'a> = BTreeMap<&'static str, BTreeMap<&'static str, &'a str>>;

/// One type.
#[derive(Debug, Serialize)]
struct Described<'a> {
    r#type: &'a str,
    variants: Vec<VariantDescribed<'a>>,
}

/// One description of it.
#[derive(Debug, Serialize)]
struct VariantDescribed<'a> {
    name: &'a str,
    systems: Systems<'a>,
    keys: Vec<KeyLine<'a>>,
}

/// One key.
#[derive(Debug, Serialize)]
struct KeyLine<'a> {
    /// Its way from the payload, with dots between.
    key: String,
    r#type: &'static str,
    required: bool,
    values: &'a [String],
    range: Option<(&'a str, &'a str)>,
    format: Option<&'a str>,
    default: Option<&'a str>,
    systems: Systems<'a>,
}

/// Shows the table or a part of it.
pub(crate) fn run(args: &ShowArgs) -> anyhow::Result<Exit> {
    let text = mooring_schema::in_use(args.schema.as_deref(), args.data.as_deref())?;
    let schema = mooring_schema::parse(text.as_deref().unwrap_or(mooring_schema::BUILT_IN))?;
    let Some(name) = &args.name else {
        let listed = list(&schema);
        if args.json {
            output::json(&listed)?;
        } else {
            output::data(&types(&listed))?;
        }
        return Ok(Exit::Fine);
    };
    let Some((name, variants)) = schema.types.get_key_value(name) else {
        let message = format!("the table has no type {}", clean(name));
        let hint = "`mooring schema show` lists the types";
        return Err(UsageError::new(message).with_hint(hint).into());
    };
    let described = Described {
        r#type: name,
        variants: variants.iter().map(describe).collect(),
    };
    if args.json {
        output::json(&described)?;
    } else {
        output::data(&keys(&described))?;
    }
    Ok(Exit::Fine)
}

fn list(schema: &Schema) -> Listed<'_> {
    let types = schema.types.iter().flat_map(|(name, variants)| {
        let lines = variants.iter().take(1);
        lines.map(|first| TypeLine {
            r#type: name,
            origin: match first.origin {
                Origin::Apple => "apple",
                Origin::Manifest => "manifest",
            },
            keys: variants.iter().map(|variant| variant.paths().len()).sum(),
            systems: systems(&first.supports),
        })
    });
    Listed {
        sources: &schema.sources,
        types: types.collect(),
    }
}

fn describe(variant: &Variant) -> VariantDescribed<'_> {
    let keys = variant.paths().into_iter();
    VariantDescribed {
        name: &variant.name,
        systems: systems(&variant.supports),
        keys: keys.map(|(path, key)| line(path, key)).collect(),
    }
}

fn line(path: String, key: &Key) -> KeyLine<'_> {
    let bounds = key.range.as_ref();
    KeyLine {
        key: path,
        r#type: key.kind.word(),
        required: key.is_required,
        values: &key.choices,
        range: bounds.map(|(low, high)| (low.as_str(), high.as_str())),
        format: key.format.as_deref(),
        default: key.default.as_deref(),
        systems: systems(&key.supports),
    }
}

fn systems(supports: &Supports) -> Systems<'_> {
    let systems = supports.iter().map(|(platform, support)| {
        let facets = Facet::ALL.iter().filter_map(|(facet, _, name)| {
            let value = support.get(facet)?;
            Some((*name, value.as_str()))
        });
        (platform.name(), facets.collect())
    });
    systems.collect()
}

/// The versions between which each platform knows something.
fn lifetimes(systems: &Systems<'_>) -> String {
    let lifetime = |(platform, facets): (&&str, &BTreeMap<&str, &str>)| {
        let words = ["introduced", "deprecated", "removed"].into_iter();
        let said: Vec<_> = words
            .filter_map(|word| {
                let version = facets.get(word)?;
                Some(match word {
                    "introduced" => (*version).to_owned(),
                    word => format!("{word} {version}"),
                })
            })
            .collect();
        let is_absent = facets.get("introduced") == Some(&"n/a");
        (!said.is_empty() && !is_absent).then(|| format!("{platform} {}", said.join(", ")))
    };
    let all: Vec<_> = systems.iter().filter_map(lifetime).collect();
    all.join("; ")
}

fn types(listed: &Listed<'_>) -> String {
    let mut table = Table::new(["TYPE", "KEYS", "SYSTEMS"]);
    for one in &listed.types {
        let row = [
            clean(one.r#type),
            one.keys.to_string(),
            clean(&lifetimes(&one.systems)),
        ];
        table.row(row);
    }
    let sources = listed.sources.iter().map(|source| clean(source));
    let sources: Vec<_> = sources.collect();
    format!("{}from {}\n", table.render(""), sources.join("; "))
}

fn keys(described: &Described<'_>) -> String {
    let mut text = String::new();
    for variant in &described.variants {
        let name = match variant.name {
            "" => clean(described.r#type),
            name => format!("{} ({})", clean(described.r#type), clean(name)),
        };
        let _ = writeln!(text, "{name}: {}", clean(&lifetimes(&variant.systems)));
        let mut table = Table::new(["KEY", "TYPE", "", "VALUES", "SYSTEMS"]);
        for key in &variant.keys {
            let required = if key.required { "required" } else { "" };
            table.row([
                clean(&key.key),
                key.r#type.to_owned(),
                required.to_owned(),
                clean(&values(key)),
                clean(&lifetimes(&key.systems)),
            ]);
        }
        text.push_str(&table.render("  "));
    }
    text
}

fn values(key: &KeyLine<'_>) -> String {
    match (key.values, key.range, key.format) {
        ([], None, None) => String::new(),
        ([], Some((low, high)), _) => format!("{low}..{high}"),
        ([], None, Some(format)) => format.to_owned(),
        (values, _, _) => values.join(" | "),
    }
}
