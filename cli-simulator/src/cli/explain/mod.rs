//! `explain`: the reasons of a hazard's state, from a file of its events.
//!
//! A file of events and people comes in, in JSON or CBOR; the state with its reasons goes out, or the differences from what
//! the file expects. The fold is that of `sync-core`; this folder has no rule of its own.

mod expected;

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;
use sync_core::{
    catalogue::Catalogue,
    document::Folded,
    hazard::{HazardState, explain::Explanation},
    history::{EventEntry, FoldContext, heads},
    record::{
        AreaPath, DeviceId, DeviceTime, Event, EventBody, EventId, Grant, GrantId, OrganId,
        PersonId, PhotoHash, Role, ServerTime,
    },
};
use xuncha_server::say;

use expected::Expected;

/// Replays the events of a hazard and explains its state in Chinese and English.
#[derive(Debug, Args)]
#[command(
    after_help = "The file is JSON (see schemas/examples/lifecycle/quarrel.json):
  people   name → {role, organ, area}
  events   [{name, by, at, after, kind, content}]; `after` names what the author had seen (everything before, if it is
           left out); \"@name\" in a content is the id of that event, \"#words\" an id made of words
  expect   what the fold must state (see --check)
or CBOR: an array of grants [[grant id, claims]] and an array of events as byte strings.

Example:
  xuncha-sim explain schemas/examples/lifecycle/quarrel.json
  xuncha-sim explain --check tests/model/histories/03_close_g3.json"
)]
pub(crate) struct Explain {
    /// The file of events.
    file: PathBuf,
    /// The time at which deadlines are judged, RFC 3339.
    #[arg(long)]
    now: Option<String>,
    /// Print the explanation and the whole state as JSON.
    #[arg(long)]
    json: bool,
    /// 与文件中的 expect 核对 / Compare the result with `expect` of the file; ends with an error if it differs.
    #[arg(long, conflicts_with = "json")]
    check: bool,
}

/// The content of a file.
struct History {
    events: Vec<EventEntry>,
    grants: BTreeMap<GrantId, Grant>,
    /// Names of the events.
    names: BTreeMap<EventId, String>,
    /// What the file expects.
    expected: Option<Expected>,
}

impl History {
    fn explained(&self, now: Option<ServerTime>) -> anyhow::Result<(HazardState, Explanation)> {
        let context = FoldContext::of_grants(self.grants.clone());
        let folded = Folded::new(self.events.clone(), context, Catalogue::embedded());
        let hazard = folded
            .hazard()
            .context("these are not the events of a hazard")?;
        let name = |id: &EventId| {
            let known = self.names.get(id).cloned();
            known.unwrap_or_else(|| id.to_string())
        };
        let explanation = hazard.explain(now, &name, usize::MAX);
        Ok((hazard.state().clone(), explanation))
    }

    /// Compares the result with what the file expects.
    fn check(&self, state: &HazardState) -> anyhow::Result<()> {
        // A name is the event's name in the file and its author.
        let name = |id: &EventId| {
            let known = self.names.get(id).and_then(|name| name.split(' ').next());
            known.map_or_else(|| id.to_string(), str::to_owned)
        };
        let found = Expected::of(state, &name);
        let Some(expected) = &self.expected else {
            let words = serde_json::to_string(&found)?;
            bail!(
                "文件没有 expect；推演结果为 / the file expects nothing; the fold states:\n{words}"
            );
        };
        let differences = expected.differences(&found);
        anyhow::ensure!(
            differences.is_empty(),
            "与预期不符 / not as expected:\n{}",
            differences.join("\n")
        );
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "about")]
    _about: String,
    people: BTreeMap<String, Person>,
    events: Vec<Line>,
    expect: Option<Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    role: Role,
    organ: String,
    area: AreaPath,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    by: String,
    at: String,
    after: Option<Vec<String>>,
    kind: String,
    #[serde(default)]
    content: serde_json::Value,
}

impl Explain {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let bytes = std::fs::read(&self.file)
            .with_context(|| format!("cannot read {}", self.file.display()))?;
        let json = bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
        let history = if json {
            from_json(&bytes)?
        } else {
            from_cbor(&bytes)?
        };
        let now = self.now.as_deref().map(instant).transpose()?;
        let now = now.map(|t| ServerTime(t.0));
        let (state, explanation) = history.explained(now)?;
        if self.check {
            history.check(&state)?;
            say!("与预期一致 / as expected: {}", explanation.state.zh);
        } else if self.json {
            let all = serde_json::json!({ "explanation": explanation, "state": state });
            say!("{}", serde_json::to_string_pretty(&all)?);
        } else {
            print(&explanation, &state);
        }
        Ok(())
    }
}

fn print(explanation: &Explanation, state: &HazardState) {
    say!("{}\n{}\n", explanation.state.zh, explanation.state.en);
    for (number, text) in (1..).zip(&explanation.events) {
        say!("{number:>3}. {}\n     {}", text.zh, text.en);
    }
    if !explanation.reasons.is_empty() {
        say!("\n原因 / reasons:");
    }
    for text in &explanation.reasons {
        say!("  · {}\n    {}", text.zh, text.en);
    }
    say!(
        "\n发现 {} 次 / found {} times",
        state.observation_count,
        state.observation_count
    );
}

fn instant(text: &str) -> anyhow::Result<DeviceTime> {
    let parsed = sync_core::catalogue::Calendar::instant(text);
    parsed.with_context(|| format!("{text} is no time such as 2024-03-25T09:00:00+08:00"))
}

/// An identifier derived from a name, so that people can read and write a file.
fn id_of<const N: usize>(words: &str) -> [u8; N] {
    let hash = PhotoHash::of(words.as_bytes());
    let mut id = [0; N];
    id.copy_from_slice(&hash.as_bytes()[..N]);
    id
}

fn from_json(bytes: &[u8]) -> anyhow::Result<History> {
    let file: File = serde_json::from_slice(bytes).context("not a history in JSON")?;
    let mut history = History {
        events: Vec::new(),
        grants: BTreeMap::new(),
        names: BTreeMap::new(),
        expected: file.expect.clone(),
    };
    for (name, person) in &file.people {
        let grant = Grant {
            person: PersonId(id_of(name)),
            organ: OrganId(id_of(&person.organ)),
            role: person.role,
            area: person.area.clone(),
            device: DeviceId(id_of(name)),
            device_key: [0; 32],
            from: ServerTime(0),
            until: None,
            issued: ServerTime(0),
            also: None,
            space: None,
        };
        history.grants.insert(GrantId(id_of(name)), grant);
    }
    let mut ids: BTreeMap<String, EventId> = BTreeMap::new();
    for line in &file.events {
        let event =
            read(line, &file, &history, &ids).with_context(|| format!("event {}", line.name))?;
        let id = EventId::of(&event.to_bytes()?);
        if ids.insert(line.name.clone(), id).is_some() {
            bail!("event {} is told twice", line.name);
        }
        history
            .names
            .insert(id, format!("{} {}", line.name, line.by));
        history.events.push(EventEntry { id, event });
    }
    Ok(history)
}

fn read(
    line: &Line,
    file: &File,
    history: &History,
    ids: &BTreeMap<String, EventId>,
) -> anyhow::Result<Event> {
    if !file.people.contains_key(&line.by) {
        bail!("{} is not among the people", line.by);
    }
    let find = |name: &String| {
        let id = ids.get(name).copied();
        id.with_context(|| format!("{name} is not told before"))
    };
    let after = match &line.after {
        Some(names) => names.iter().map(find).collect::<Result<_, _>>()?,
        None => heads(&history.events),
    };
    let mut content = line.content.clone();
    name_ids(&mut content, ids)?;
    let body = serde_json::json!({ "kind": line.kind, "content": content });
    let body: EventBody =
        serde_json::from_value(body).context("the content does not fit the kind")?;
    Ok(Event {
        author: PersonId(id_of(&line.by)),
        device: DeviceId(id_of(&line.by)),
        grant: GrantId(id_of(&line.by)),
        claimed: instant(&line.at)?,
        after,
        beacon: None,
        edition: None,
        body,
    })
}

/// Replaces `@name` by the id of that event, and `#words` by an id derived from the words: 64 digits for a photo
/// (`#photo:…`), otherwise a UUID.
fn name_ids(value: &mut serde_json::Value, ids: &BTreeMap<String, EventId>) -> anyhow::Result<()> {
    match value {
        serde_json::Value::String(text) => {
            if let Some(name) = text.strip_prefix('@') {
                let id = ids
                    .get(name)
                    .with_context(|| format!("{name} is not told before"))?;
                *text = id.to_string();
            } else if let Some(words) = text.strip_prefix("#photo:") {
                *text = PhotoHash::of(words.as_bytes()).to_string();
            } else if let Some(words) = text.strip_prefix('#') {
                *text = OrganId(id_of(words)).to_string();
            }
        }
        serde_json::Value::Array(all) => all.iter_mut().try_for_each(|v| name_ids(v, ids))?,
        serde_json::Value::Object(all) => all.values_mut().try_for_each(|v| name_ids(v, ids))?,
        _ => {}
    }
    Ok(())
}

fn from_cbor(bytes: &[u8]) -> anyhow::Result<History> {
    type Both = (Vec<(GrantId, Grant)>, Vec<minicbor::bytes::ByteVec>);
    let (grants, events): Both =
        minicbor::decode(bytes).context("neither JSON nor CBOR of a history")?;
    let read = |bytes: minicbor::bytes::ByteVec| {
        anyhow::Ok(EventEntry {
            id: EventId::of(&bytes),
            event: Event::from_bytes(&bytes)?,
        })
    };
    Ok(History {
        events: events.into_iter().map(read).collect::<Result<_, _>>()?,
        grants: grants.into_iter().collect(),
        names: BTreeMap::new(),
        expected: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(name: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/examples/lifecycle");
        std::fs::read(format!("{folder}/{name}.json")).unwrap()
    }

    fn explained(history: &History) -> (HazardState, Explanation) {
        history.explained(None).unwrap()
    }

    #[test]
    fn the_example_quarrel_is_explained_in_both_languages() {
        let history = from_json(&example("quarrel")).unwrap();
        let (state, explanation) = explained(&history);
        assert_eq!(state.state.0, 65);
        assert!(explanation.state.zh.contains("复查不合格"));
        assert!(explanation.state.en.contains("recheck failed"));
        let reason = &explanation.reasons[0];
        assert!(
            reason.zh.contains("C-06") && reason.zh.contains("待裁定"),
            "{reason:?}"
        );
        assert!(reason.en.contains("waits for a decision"), "{reason:?}");
    }

    #[test]
    fn the_example_of_a_whole_life_ends_closed() {
        let (state, _) = explained(&from_json(&example("whole_life")).unwrap());
        assert_eq!(state.state.0, 80, "{:?}", state.history);
        assert!(!state.flags.conflict_open);
    }

    #[test]
    fn every_history_of_the_model_is_as_its_file_expects() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/model/histories");
        let mut checked = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let history = from_json(&std::fs::read(&path).unwrap()).unwrap();
            let (state, _) = explained(&history);
            let result = history.check(&state);
            assert!(result.is_ok(), "{}: {result:?}", path.display());
            checked += 1;
        }
        assert!(checked >= 13, "{checked} histories");
    }

    #[test]
    fn a_result_that_is_not_as_expected_is_named() {
        let mut history = from_json(&example("quarrel")).unwrap();
        let (state, _) = explained(&history);
        let error = history.check(&state).unwrap_err().to_string();
        let words = error.lines().last().unwrap();
        history.expected = Some(serde_json::from_str(words).unwrap());
        history.check(&state).unwrap();
        let wrong = words.replacen("65", "60", 1);
        history.expected = Some(serde_json::from_str(&wrong).unwrap());
        let error = history.check(&state).unwrap_err().to_string();
        assert!(error.contains("expected 60, 实为 / found 65"), "{error}");
    }

    #[test]
    fn a_history_in_cbor_says_the_same() {
        let history = from_json(&example("quarrel")).unwrap();
        let grants: Vec<_> = history.grants.clone().into_iter().collect();
        let bytes = |s: &EventEntry| minicbor::bytes::ByteVec::from(s.event.to_bytes().unwrap());
        let events: Vec<_> = history.events.iter().map(bytes).collect();
        let file = minicbor::to_vec((&grants, &events)).unwrap();
        let (state, _) = explained(&from_cbor(&file).unwrap());
        assert_eq!(state.state.0, 65);
        assert!(from_cbor(b"nothing").is_err());
    }
}
