//! The table as text: one line for a key, an index in front of it.
//!
//! `host/docs/SCHEMA.md` describes the form. Invariants: the index is sorted byte by byte and says
//! where each type begins, counted from the end of the index; a text that is rendered parses to the
//! same schema; what is in a field never breaks out of it.

use std::fmt::Write as _;

use crate::error::TableError;
use crate::model::{Facet, Key, Kind, Origin, Platform, Schema, Support, Supports, Variant};

/// The first line.
const MAGIC: &str = "mooring-schema 1";

/// Values of support that stand in a table as one sign: there are thousands of them. No version and
/// no access right is written like one.
const SHORT: [(&str, &str); 7] = [
    ("true", "y"),
    ("false", "n"),
    ("n/a", "-"),
    ("allowed", "a"),
    ("required", "r"),
    ("forbidden", "f"),
    ("ignored", "i"),
];

/// The whole text of a schema; each line of `head` becomes a comment at the top.
pub fn render(schema: &Schema, head: &str) -> String {
    let mut index = String::new();
    let mut body = String::new();
    for (name, variants) in &schema.types {
        let start = body.len();
        for variant in variants {
            block(&mut body, variant);
        }
        let name = escaped(name);
        let length = body.len() - start;
        let _ = writeln!(index, "{name}\t{start}\t{length}");
    }
    let mut text = format!("{MAGIC}\n");
    for line in head.lines() {
        let _ = writeln!(text, "{}", format!("# {line}").trim_end());
    }
    for source in &schema.sources {
        let _ = writeln!(text, "source {}", escaped(source));
    }
    let _ = writeln!(text, "index {} {}", schema.types.len(), index.len());
    text + &index + &body
}

fn block(body: &mut String, variant: &Variant) {
    let _ = write!(body, "={}", escaped(&variant.name));
    match variant.origin {
        Origin::Apple => {}
        Origin::Manifest => body.push_str("\tP"),
    }
    supports(body, &variant.supports);
    body.push('\n');
    for (number, group) in variant.groups.iter().enumerate() {
        if number > 0 {
            body.push_str("-\n");
        }
        for one in group {
            key(body, one);
        }
    }
}

fn key(body: &mut String, key: &Key) {
    body.push(key.kind.letter());
    body.push(if key.is_required { '!' } else { '?' });
    body.push_str(&escaped(&key.name));
    if !key.choices.is_empty() {
        let choices: Vec<_> = key.choices.iter().map(|one| escaped(one)).collect();
        let _ = write!(body, "\t={}", choices.join("|"));
    }
    let bounds = |body: &mut String, sign, bounds: &Option<(String, String)>| {
        if let Some((low, high)) = bounds {
            let _ = write!(body, "\t{sign}{}|{}", escaped(low), escaped(high));
        }
    };
    bounds(body, '~', &key.range);
    bounds(body, '#', &key.repetition);
    let fields = [
        ('/', &key.format),
        ('@', &key.subtype),
        (':', &key.default),
        ('<', &key.item),
    ];
    for (sign, field) in fields {
        if let Some(field) = field {
            let _ = write!(body, "\t{sign}{}", escaped(field));
        }
    }
    if let Some(group) = key.group {
        let _ = write!(body, "\t>{group}");
    }
    supports(body, &key.supports);
    body.push('\n');
}

fn supports(body: &mut String, supports: &Supports) {
    for (platform, support) in supports {
        let _ = write!(body, "\t+{}", platform.letter());
        for (facet, letter, _) in Facet::ALL {
            if let Some(value) = support.get(&facet) {
                let short = SHORT.iter().find(|(long, _)| long == value);
                let short = short.map_or(value.as_str(), |(_, short)| short);
                let _ = write!(body, "{letter}{}|", escaped(short));
            }
        }
    }
}

/// A text in which nothing ends a field, a part of a field or a line.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '\t' => escaped.push_str("\\t"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '|' => escaped.push_str("\\p"),
            c => escaped.push(c),
        }
    }
    escaped
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match rest.next() {
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('p') => plain.push('|'),
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}

/// Reads a table, whole.
///
/// # Errors
/// [`TableError::Table`] with the line that is not as it should be.
pub fn parse(text: &str) -> Result<Schema, TableError> {
    let mut reader = Reader {
        rest: text,
        line: 0,
    };
    if reader.next() != Some(MAGIC) {
        return Err(reader.wrong("it does not begin with `mooring-schema 1`"));
    }
    let mut schema = Schema::default();
    let (count, bytes) = loop {
        let line = reader.next().ok_or_else(|| reader.wrong("no index"))?;
        if let Some(source) = line.strip_prefix("source ") {
            schema.sources.push(unescaped(source));
        } else if let Some(index) = line.strip_prefix("index ") {
            let sizes = index.split_once(' ').and_then(|(count, bytes)| {
                Some((count.parse::<usize>().ok()?, bytes.parse::<usize>().ok()?))
            });
            break sizes.ok_or_else(|| reader.wrong("the index has no sizes"))?;
        } else if !line.starts_with('#') {
            return Err(reader.wrong("this belongs to no index"));
        }
    };
    let length = reader.rest.len();
    let entries = (0..count)
        .map(|_| reader.entry())
        .collect::<Result<Vec<_>, _>>()?;
    let body = reader.rest;
    if length - body.len() != bytes {
        return Err(reader.wrong("the index has another size"));
    }
    let is_sorted = entries.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let (mut start, mut line) = (0_usize, reader.line + 1);
    for (name, from, length) in entries {
        let block = body.get(start..start.saturating_add(length));
        let (Some(block), true) = (block, from == start && is_sorted) else {
            return Err(reader.wrong("the index does not fit the rest"));
        };
        schema.types.insert(unescaped(name), variants(block, line)?);
        start += length;
        line += block.lines().count();
    }
    if start < body.len() {
        return Err(reader.wrong("the index does not fit the rest"));
    }
    Ok(schema)
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let (line, rest) = self.rest.split_once('\n')?;
        self.rest = rest;
        self.line += 1;
        Some(line)
    }

    fn entry(&mut self) -> Result<(&'a str, usize, usize), TableError> {
        let line = self.next().ok_or_else(|| self.wrong("the index ends"))?;
        let mut fields = line.split('\t');
        let number = |text: Option<&str>| text.and_then(|text| text.parse().ok());
        let name = fields.next();
        let entry = (name, number(fields.next()), number(fields.next()));
        match entry {
            (Some(name), Some(start), Some(length)) => Ok((name, start, length)),
            _ => Err(self.wrong("this is no entry of an index")),
        }
    }

    fn wrong(&self, reason: &'static str) -> TableError {
        let line = self.line.max(1);
        TableError::Table { line, reason }
    }
}

fn variants(block: &str, first: usize) -> Result<Vec<Variant>, TableError> {
    let mut variants: Vec<Variant> = Vec::new();
    for (at, text) in block.lines().enumerate() {
        let line = first + at;
        let wrong = |reason| TableError::Table { line, reason };
        let mut fields = text.split('\t');
        let head = fields.next().unwrap_or_default();
        if let Some(name) = head.strip_prefix('=') {
            variants.push(variant(name, fields).ok_or_else(|| wrong("an unknown field"))?);
            continue;
        }
        let groups = variants.last_mut().map(|variant| &mut variant.groups);
        let groups = groups.ok_or_else(|| wrong("a key that belongs to no type"))?;
        if text == "-" {
            groups.push(Vec::new());
        } else if let Some(group) = groups.last_mut() {
            group.push(read_key(head, fields).ok_or_else(|| wrong("this is no key"))?);
        }
    }
    let line = first;
    let reason = "a key leads to a group that is not there";
    for variant in &variants {
        let count = variant.groups.len();
        let mut keys = variant.groups.iter().flatten();
        if keys.any(|key| key.group.is_some_and(|group| group >= count)) {
            return Err(TableError::Table { line, reason });
        }
    }
    let reason = "a type without a description";
    if variants.is_empty() {
        return Err(TableError::Table { line, reason });
    }
    Ok(variants)
}

fn variant<'a>(name: &str, fields: impl Iterator<Item = &'a str>) -> Option<Variant> {
    let mut variant = Variant {
        name: unescaped(name),
        origin: Origin::Apple,
        supports: Supports::new(),
        groups: vec![Vec::new()],
    };
    for field in fields {
        match field.strip_prefix('+') {
            Some(support) => read_support(support, &mut variant.supports)?,
            None if field == "P" => variant.origin = Origin::Manifest,
            None => return None,
        }
    }
    Some(variant)
}

fn read_key<'a>(head: &str, fields: impl Iterator<Item = &'a str>) -> Option<Key> {
    let mut chars = head.chars();
    let letter = chars.next()?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.letter() == letter)?;
    let is_required = match chars.next()? {
        '!' => true,
        '?' => false,
        _ => return None,
    };
    let mut key = Key {
        name: unescaped(chars.as_str()),
        kind,
        is_required,
        choices: Vec::new(),
        range: None,
        format: None,
        repetition: None,
        subtype: None,
        default: None,
        item: None,
        group: None,
        supports: Supports::new(),
    };
    for field in fields {
        let sign = field.chars().next()?;
        let value = field.get(1..)?;
        let bounds = || {
            let (low, high) = value.split_once('|')?;
            Some((unescaped(low), unescaped(high)))
        };
        match sign {
            '=' => key.choices = value.split('|').map(unescaped).collect(),
            '~' => key.range = Some(bounds()?),
            '#' => key.repetition = Some(bounds()?),
            '/' => key.format = Some(unescaped(value)),
            '@' => key.subtype = Some(unescaped(value)),
            ':' => key.default = Some(unescaped(value)),
            '<' => key.item = Some(unescaped(value)),
            '>' => key.group = Some(value.parse().ok()?),
            '+' => read_support(value, &mut key.supports)?,
            _ => return None,
        }
    }
    Some(key)
}

fn read_support(field: &str, supports: &mut Supports) -> Option<()> {
    let letter = field.chars().next()?;
    let platform = Platform::ALL
        .into_iter()
        .find(|one| one.letter() == letter)?;
    let mut support = Support::new();
    for part in field.get(1..)?.split_terminator('|') {
        let letter = part.chars().next()?;
        let (facet, ..) = Facet::ALL.into_iter().find(|(_, one, _)| *one == letter)?;
        let short = part.get(1..)?;
        let long = SHORT.iter().find(|(_, known)| *known == short);
        let value = long.map_or_else(|| unescaped(short), |(long, _)| (*long).to_owned());
        support.insert(facet, value);
    }
    supports.insert(platform, support);
    Some(())
}
