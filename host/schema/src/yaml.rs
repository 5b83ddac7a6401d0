//! YAML as a tree of indices.
//!
//! Knows nothing of Apple's keys. Invariants: an alias is the index of what it names, also where that
//! holds the alias itself, so nothing is ever expanded; every node has its line; depth and number of
//! nodes are limited.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::error::TableError;

/// Deepest nesting; Apple's deepest file has 30.
const DEPTH_MAX: usize = 200;
/// Most nodes of one file; Apple's largest has 20,000.
const NODES_MAX: usize = 1_000_000;

/// Which node.
pub(crate) type NodeId = usize;

/// One value.
#[derive(Debug)]
pub(crate) enum Node {
    /// A text, a number, true or false: as written. `None` is an unquoted null or nothing at all.
    Scalar(Option<String>),
    Sequence(Vec<NodeId>),
    Mapping(Vec<(String, NodeId)>),
}

/// One file.
#[derive(Debug)]
pub(crate) struct Yaml {
    path: PathBuf,
    nodes: Vec<(Node, usize)>,
}

/// A sequence or mapping that is being read.
struct Open {
    id: NodeId,
    /// The key whose value comes next, in a mapping.
    key: Option<String>,
}

impl Yaml {
    /// The document's own node.
    pub(crate) const ROOT: NodeId = 0;

    /// Reads the first document of a file's text; `path` is for messages.
    pub(crate) fn read(path: &Path, text: &str) -> Result<Self, TableError> {
        let mut reader = Reader {
            yaml: Self {
                path: path.to_owned(),
                nodes: Vec::new(),
            },
            open: Vec::new(),
            anchors: BTreeMap::new(),
        };
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| TableError::Syntax {
                path: path.to_owned(),
                line: error.marker().line(),
                reason: error.info().to_owned(),
            })?;
            if !reader.take(event, span.start.line())? {
                break;
            }
        }
        if reader.yaml.nodes.is_empty() {
            return Err(reader.yaml.shape(1, "a mapping"));
        }
        Ok(reader.yaml)
    }

    /// The line of a node, from 1.
    pub(crate) fn line(&self, id: NodeId) -> usize {
        self.nodes.get(id).map_or(1, |(_, line)| *line)
    }

    /// The value under `key` of a mapping.
    pub(crate) fn get(&self, id: NodeId, key: &str) -> Option<NodeId> {
        let entries = self.entries(id).unwrap_or_default();
        entries
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| *value)
    }

    /// The entries of a mapping.
    pub(crate) fn entries(&self, id: NodeId) -> Option<&[(String, NodeId)]> {
        match self.nodes.get(id)? {
            (Node::Mapping(entries), _) => Some(entries),
            (Node::Scalar(_) | Node::Sequence(_), _) => None,
        }
    }

    /// The elements of a sequence; a null is an empty one.
    ///
    /// # Errors
    /// [`TableError::Shape`] for anything else.
    pub(crate) fn items(&self, id: NodeId) -> Result<&[NodeId], TableError> {
        match self.nodes.get(id) {
            Some((Node::Sequence(items), _)) => Ok(items),
            Some((Node::Scalar(None), _)) => Ok(&[]),
            _ => Err(self.shape(self.line(id), "a list")),
        }
    }

    /// The text of a scalar that is not null.
    ///
    /// # Errors
    /// [`TableError::Shape`] for anything else.
    pub(crate) fn scalar(&self, id: NodeId) -> Result<&str, TableError> {
        match self.nodes.get(id) {
            Some((Node::Scalar(Some(text)), _)) => Ok(text),
            _ => Err(self.shape(self.line(id), "a plain value")),
        }
    }

    /// The text under `key`, if there is one.
    ///
    /// # Errors
    /// [`TableError::Shape`] if it is a list or mapping.
    pub(crate) fn text(&self, id: NodeId, key: &str) -> Result<Option<String>, TableError> {
        match self.get(id, key) {
            None => Ok(None),
            Some(value) if matches!(self.nodes.get(value), Some((Node::Scalar(None), _))) => {
                Ok(None)
            }
            Some(value) => Ok(Some(self.scalar(value)?.to_owned())),
        }
    }

    /// The error that something else was expected at a line.
    pub(crate) fn shape(&self, line: usize, wanted: &'static str) -> TableError {
        TableError::Shape {
            path: self.path.clone(),
            line,
            wanted,
        }
    }
}

struct Reader {
    yaml: Yaml,
    open: Vec<Open>,
    anchors: BTreeMap<usize, NodeId>,
}

impl Reader {
    /// Takes one event; false after the first document.
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<bool, TableError> {
        match event {
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => {}
            Event::StreamEnd | Event::DocumentEnd => return Ok(false),
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).copied();
                let target = target.ok_or_else(|| self.yaml.shape(line, "a known alias"))?;
                self.place(target, line)?;
            }
            Event::Scalar(text, style, anchor, _) => self.scalar(&text, style, anchor, line)?,
            Event::SequenceStart(anchor, _) => {
                self.start(Node::Sequence(Vec::new()), anchor, line)?;
            }
            Event::MappingStart(anchor, _) => {
                self.start(Node::Mapping(Vec::new()), anchor, line)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.open.pop();
            }
        }
        Ok(true)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        line: usize,
    ) -> Result<(), TableError> {
        if let Some(open) = self.open.last_mut()
            && matches!(self.yaml.nodes[open.id].0, Node::Mapping(_))
            && open.key.is_none()
        {
            open.key = Some(text.to_owned());
            return Ok(());
        }
        let is_null = style == ScalarStyle::Plain && matches!(text, "" | "~" | "null");
        let id = self.add(
            Node::Scalar((!is_null).then(|| text.to_owned())),
            anchor,
            line,
        )?;
        self.place(id, line)
    }

    fn start(&mut self, node: Node, anchor: usize, line: usize) -> Result<(), TableError> {
        if self.open.len() == DEPTH_MAX {
            return Err(self.yaml.shape(line, "a file that is not nested so deep"));
        }
        let id = self.add(node, anchor, line)?;
        self.place(id, line)?;
        self.open.push(Open { id, key: None });
        Ok(())
    }

    fn add(&mut self, node: Node, anchor: usize, line: usize) -> Result<NodeId, TableError> {
        if self.yaml.nodes.len() == NODES_MAX {
            return Err(self.yaml.shape(line, "the end of a file of this size"));
        }
        let id = self.yaml.nodes.len();
        self.yaml.nodes.push((node, line));
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        Ok(id)
    }

    /// Puts a node into what is open.
    fn place(&mut self, id: NodeId, line: usize) -> Result<(), TableError> {
        let Some(open) = self.open.last_mut() else {
            return Ok(());
        };
        match &mut self.yaml.nodes[open.id].0 {
            Node::Sequence(items) => items.push(id),
            Node::Mapping(entries) => {
                let Some(key) = open.key.take() else {
                    return Err(self.yaml.shape(line, "a key that is a plain value"));
                };
                entries.push((key, id));
            }
            Node::Scalar(_) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aliases become indices, also to what they stand in, and scalars keep what is written.
    #[test]
    fn aliases_are_indices() {
        let text = "a: &x\n- b: *x\n  c: '1.0'\n  d: 010\n  e:\n";
        let yaml = Yaml::read(Path::new("f"), text).unwrap();
        let a = yaml.get(Yaml::ROOT, "a").unwrap();
        let first = yaml.items(a).unwrap()[0];
        assert_eq!(yaml.get(first, "b"), Some(a));
        assert_eq!(yaml.text(first, "c").unwrap().as_deref(), Some("1.0"));
        assert_eq!(yaml.text(first, "d").unwrap().as_deref(), Some("010"));
        assert_eq!(yaml.text(first, "e").unwrap(), None);
        assert_eq!(yaml.line(first), 2);
    }

    /// What is not well-formed or not of the right shape is named with its line.
    #[test]
    fn errors_have_lines() {
        let error = Yaml::read(Path::new("dir/f.yaml"), "a: b\n c: [\n").unwrap_err();
        assert!(error.to_string().starts_with("dir/f.yaml:"), "{error}");
        let yaml = Yaml::read(Path::new("f"), "a: b\nc: [1]\n").unwrap();
        let error = yaml
            .items(yaml.get(Yaml::ROOT, "a").unwrap())
            .unwrap_err()
            .to_string();
        assert_eq!(error, "f:1: a list was expected here");
        assert!(yaml.text(Yaml::ROOT, "c").is_err());
        assert!(Yaml::read(Path::new("f"), &"[".repeat(300)).is_err());
    }
}
