//! One request for each of several names.
//!
//! Knows nothing of the request. Invariant: a name that fails does not stop the others, unless the
//! failure is about the server itself; the command ends with the first failure's code.

use bytes::Bytes;
use hyper::Method;
use mooring_server::api::ProblemDocument;
use serde::Serialize;

use crate::client::{self, Client, ClientError, segment};
use crate::exit::Exit;
use crate::output;
use crate::text::clean;

/// What is to be done with each name.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    pub(crate) method: Method,
    /// The path before the name.
    pub(crate) before: &'static str,
    /// The path after it.
    pub(crate) after: &'a str,
    /// The document that is sent; an empty one is none.
    pub(crate) body: Bytes,
    /// The word for a success.
    pub(crate) outcome: &'static str,
    /// What a person should know after a success.
    pub(crate) then: &'static str,
}

/// One name's result.
#[derive(Debug, Serialize)]
struct Done<'a> {
    id: &'a str,
    /// The word for a success, or `failed`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemDocument>,
}

/// All results.
#[derive(Debug, Serialize)]
struct Report<'a> {
    results: Vec<Done<'a>>,
}

/// Does the work for every name and shows the results.
pub(crate) async fn run(
    client: &Client,
    names: &[String],
    work: &Work<'_>,
    is_json: bool,
) -> anyhow::Result<Exit> {
    let mut results = Vec::new();
    let mut exit = Exit::Fine;
    let mut stop = None;
    for name in names {
        let path = format!("{}{}{}", work.before, segment(name), work.after);
        let method = work.method.clone();
        let problem = match client.request(method, &path, work.body.clone()).await {
            Ok(_) => None,
            Err(error) if error.is_about_server() => {
                stop = Some(error);
                break;
            }
            Err(error) => {
                complain(name, &error);
                exit = if exit == Exit::Fine {
                    Exit::of_client(&error)
                } else {
                    exit
                };
                Some(client::into_problem(error))
            }
        };
        if problem.is_none() && !is_json {
            output::data(&format!("{} {}\n", work.outcome, clean(name)))?;
        }
        results.push(Done {
            id: name,
            outcome: problem.as_ref().map_or(work.outcome, |_| "failed"),
            problem,
        });
    }
    if is_json {
        output::json(&Report { results })?;
    } else if results.iter().any(|done| done.problem.is_none()) {
        output::note(work.then);
    }
    stop.map_or(Ok(exit), |error| Err(error.into()))
}

fn complain(name: &str, error: &ClientError) {
    let mut lines = vec![format!("error: {}: {error}", clean(name))];
    lines.extend(output::describe_client(error));
    output::note(&lines.join("\n"));
}
