//! Reads a rule: recursive descent over tokens, checking types on the way.
//!
//! Knows nothing of hosts. Invariants: the same operators, precedence and literals as CEL, of
//! which this is a subset; the depth of recursion is bounded by [`RULE_DEPTH_MAX`], and chains of
//! operators are loops; every token is read once.

use mooring_mdm::profile::placeholder::ValueName;

use super::RULE_DEPTH_MAX;
use super::expr::{Expr, Fact, Test};
use super::fault::{RuleError, RuleFault};
use super::lexer::{self, Kind, Token};
use super::names;
use super::operand::{self, Operand, Relation};

/// What may begin a part of a rule.
const VALUE: &str = "a name, a text, true, false, ! or (";

/// Reads a rule. The caller has bounded its length.
pub(super) fn parse(text: &str) -> Result<Expr, RuleError> {
    let mut parser = Parser {
        text,
        tokens: lexer::tokens(text)?,
        next: 0,
        depth: 0,
    };
    if *parser.peek() == Kind::End {
        return Err(RuleError::new(text, 0, RuleFault::Empty));
    }
    let start = parser.at();
    let read = parser.either()?;
    if *parser.peek() != Kind::End {
        return Err(parser.unexpected("an operator or the end of the rule"));
    }
    read.condition().map_err(|fault| parser.fault(start, fault))
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    /// The token that is read next. It stays on the last one, the end.
    next: usize,
    /// Open parentheses.
    depth: usize,
}

impl Parser<'_> {
    /// `both || both ..`
    fn either(&mut self) -> Result<Operand, RuleError> {
        self.chain("||", Self::both, Expr::Or)
    }

    /// `relation && relation ..`
    fn both(&mut self) -> Result<Operand, RuleError> {
        self.chain("&&", Self::relation, Expr::And)
    }

    /// Parts with `sign` between them; a single part is itself.
    fn chain(
        &mut self,
        sign: &'static str,
        part: fn(&mut Self) -> Result<Operand, RuleError>,
        together: fn(Vec<Expr>) -> Expr,
    ) -> Result<Operand, RuleError> {
        let start = self.at();
        let first = part(self)?;
        if !self.is_sign(sign) {
            return Ok(first);
        }
        let mut parts = vec![
            first
                .condition()
                .map_err(|fault| self.fault(start, fault))?,
        ];
        while self.take_sign(sign) {
            let start = self.at();
            let next = part(self)?.condition();
            parts.push(next.map_err(|fault| self.fault(start, fault))?);
        }
        Ok(Operand::Condition(together(parts)))
    }

    /// `negation == negation ..` or `negation in [..]`
    fn relation(&mut self) -> Result<Operand, RuleError> {
        let start = self.at();
        let mut left = self.negation()?;
        loop {
            let at = self.at();
            let compared = match self.peek() {
                Kind::Word(word) if word == "in" => {
                    self.advance();
                    self.contained(left, at)?
                }
                Kind::Sign(sign) => {
                    let Some(relation) = Relation::parse(sign) else {
                        return Ok(left);
                    };
                    self.advance();
                    self.compared((left, start), relation, at)?
                }
                Kind::Word(_) | Kind::Text(_) | Kind::End => return Ok(left),
            };
            left = Operand::Condition(compared);
        }
    }

    /// What follows an operator that stood at `at`; `left` began at `start`.
    fn compared(
        &mut self,
        (left, start): (Operand, usize),
        relation: Relation,
        at: usize,
    ) -> Result<Expr, RuleError> {
        let right_at = self.at();
        let right = self.negation()?;
        let text_at = match left {
            Operand::Text(_) => start,
            Operand::Condition(_) | Operand::OsVersion | Operand::Platform | Operand::Fact(_) => {
                right_at
            }
        };
        operand::compare(left, relation, right).map_err(|fault| {
            let place = if fault.is_of_text() { text_at } else { at };
            self.fault(place, fault)
        })
    }

    /// What follows `in` that stood at `at`.
    fn contained(&mut self, left: Operand, at: usize) -> Result<Expr, RuleError> {
        self.expect("[", "[")?;
        let mut places = Vec::new();
        let mut list = Vec::new();
        while !self.is_sign("]") {
            let place = self.at();
            let Kind::Text(text) = self.peek().clone() else {
                return Err(self.unexpected("a text or ]"));
            };
            self.advance();
            places.push(place);
            list.push(text);
            if !self.take_sign(",") && !self.is_sign("]") {
                return Err(self.unexpected(", or ]"));
            }
        }
        if list.is_empty() {
            return Err(self.fault(self.at(), RuleFault::EmptyList));
        }
        self.advance();
        operand::contained(left, list).map_err(|(number, fault)| {
            let place = places.get(number).filter(|_| fault.is_of_text());
            self.fault(place.copied().unwrap_or(at), fault)
        })
    }

    /// `!! .. member`
    fn negation(&mut self) -> Result<Operand, RuleError> {
        let mut is_negated = false;
        let mut has_sign = false;
        while self.take_sign("!") {
            is_negated = !is_negated;
            has_sign = true;
        }
        let start = self.at();
        let value = self.member()?;
        if !has_sign {
            return Ok(value);
        }
        let expr = value
            .condition()
            .map_err(|fault| self.fault(start, fault))?;
        Ok(Operand::Condition(if is_negated {
            expr.negated()
        } else {
            expr
        }))
    }

    /// A value, and perhaps a method asked of it.
    fn member(&mut self) -> Result<Operand, RuleError> {
        let receiver = self.value()?;
        if !self.take_sign(".") {
            return Ok(receiver);
        }
        let at = self.at();
        let name = self.word("the name of a method")?;
        let (method, test) = match name.as_str() {
            "startsWith" => ("startsWith", Test::StartsWith),
            "endsWith" => ("endsWith", Test::EndsWith),
            "contains" => ("contains", Test::Contains),
            _ => {
                let name = lexer::cut(&name);
                return Err(self.fault(at, RuleFault::Method { name }));
            }
        };
        if let Operand::Condition(_) | Operand::OsVersion | Operand::Platform = receiver {
            let what = receiver.what();
            return Err(self.fault(at, RuleFault::NoMethod { method, what }));
        }
        self.expect("(", "(")?;
        let argument_at = self.at();
        let argument = self.member_argument()?;
        operand::call(receiver, test, argument)
            .map(Operand::Condition)
            .map_err(|fault| self.fault(argument_at, fault))
    }

    /// The argument of a method: a text or the name of one, without methods of its own.
    fn member_argument(&mut self) -> Result<Operand, RuleError> {
        let argument = self.value()?;
        self.expect(")", ")")?;
        Ok(argument)
    }

    /// A text, a name, `true`, `false`, `has(..)`, or anything in parentheses.
    fn value(&mut self) -> Result<Operand, RuleError> {
        let at = self.at();
        match self.peek().clone() {
            Kind::Text(text) => {
                self.advance();
                Ok(Operand::Text(text))
            }
            Kind::Sign("(") => self.parenthesis(),
            Kind::Word(word) => {
                self.advance();
                match word.as_str() {
                    "true" => Ok(Operand::Condition(Expr::Always(true))),
                    "false" => Ok(Operand::Condition(Expr::Always(false))),
                    "has" if self.is_sign("(") => self.has(),
                    _ => self.name(&word, at),
                }
            }
            Kind::Sign(_) | Kind::End => Err(self.unexpected(VALUE)),
        }
    }

    /// `( either )`
    fn parenthesis(&mut self) -> Result<Operand, RuleError> {
        if self.depth == RULE_DEPTH_MAX {
            return Err(self.fault(self.at(), RuleFault::TooDeep));
        }
        self.depth += 1;
        self.advance();
        let inner = self.either()?;
        self.expect(")", "an operator or )")?;
        self.depth -= 1;
        Ok(inner)
    }

    /// What follows `has`.
    fn has(&mut self) -> Result<Operand, RuleError> {
        self.expect("(", "(")?;
        let at = self.at();
        // Not any value: `has(has(..` would be recursion that no parenthesis is counted for.
        if *self.peek() != Kind::Word("attributes".to_owned()) {
            return Err(self.fault(at, RuleFault::Has));
        }
        self.advance();
        let Operand::Fact(Fact::Attribute(name)) = self.name("attributes", at)? else {
            return Err(self.fault(at, RuleFault::Has));
        };
        self.expect(")", ")")?;
        Ok(Operand::Condition(Expr::IsSet(name)))
    }

    /// What follows the word `root`, which stood at `at`.
    fn name(&mut self, root: &str, at: usize) -> Result<Operand, RuleError> {
        if !self.is_sign(".") {
            let name = lexer::cut(root);
            let fault = if self.is_sign("(") {
                RuleFault::Method { name }
            } else {
                RuleFault::Name { name }
            };
            return Err(self.fault(at, fault));
        }
        self.advance();
        let field_at = self.at();
        let field = self.word("a name")?;
        if root == "attributes" {
            let name = ValueName::parse(&field);
            return name
                .map(|name| Operand::Fact(Fact::Attribute(name)))
                .map_err(|error| self.fault(field_at, RuleFault::AttributeName(error)));
        }
        let known = (root == "host").then(|| names::host_name(&field)).flatten();
        known.ok_or_else(|| {
            let name = lexer::cut(&format!("{root}.{field}"));
            self.fault(at, RuleFault::Name { name })
        })
    }

    /// A name after a dot. The words of the language are none, as in CEL.
    fn word(&mut self, wanted: &'static str) -> Result<String, RuleError> {
        match self.peek().clone() {
            Kind::Word(word) if !matches!(word.as_str(), "true" | "false" | "null" | "in") => {
                self.advance();
                Ok(word)
            }
            Kind::Word(_) | Kind::Text(_) | Kind::Sign(_) | Kind::End => {
                Err(self.unexpected(wanted))
            }
        }
    }

    fn peek(&self) -> &Kind {
        self.tokens.get(self.next).map_or(&Kind::End, |t| &t.kind)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.text.len(), |t| t.at)
    }

    fn advance(&mut self) {
        self.next += 1;
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Kind::Sign(found) if *found == sign)
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let is_there = self.is_sign(sign);
        if is_there {
            self.advance();
        }
        is_there
    }

    fn expect(&mut self, sign: &str, wanted: &'static str) -> Result<(), RuleError> {
        if self.take_sign(sign) {
            Ok(())
        } else {
            Err(self.unexpected(wanted))
        }
    }

    fn unexpected(&self, wanted: &'static str) -> RuleError {
        let found = self.peek().words();
        self.fault(self.at(), RuleFault::Unexpected { found, wanted })
    }

    fn fault(&self, at: usize, fault: RuleFault) -> RuleError {
        RuleError::new(self.text, at, fault)
    }
}
