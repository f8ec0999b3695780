//! A module and its answers with random bytes changed: no panic, no hang, and no allowance that the bytes do not hold.
//!
//! The seeds are fixed, so that every run changes the same bytes. For longer runs, with other bytes: `MUTATIONS=20000
//! MUTATION_SEED=7 cargo test --release -p egress-policy --test hostile -- mutations`. A changed module may be one that
//! allows, if the one byte is hit that says deny; a long run will find that byte, and says where it was.

use std::time::{Duration, Instant};

use egress_policy::Policy;
use egress_policy::answer::Decision;
use egress_policy_wasm::{Engine, Limits};

use crate::guest::{self, Guest};
use crate::host;

/// How many of each kind, unless `MUTATIONS` says otherwise.
const MUTATIONS: u64 = 200;
/// Loading and asking one module takes no longer, on a machine that is busy with other things.
const LIMIT: Duration = Duration::from_secs(20);
/// Where the answer is, and how long.
const ANSWER: usize = 512;
const LENGTH: usize = 224;

/// Modules with changed bytes.
pub(crate) fn of_modules() -> Result<(), String> {
    let module = denying(&deny()).component()?;
    each(1, |random, engine| {
        let mut changed = module.clone();
        for _ in 0..=random.below(3) {
            random.change(&mut changed);
            random.cut_or_repeat(&mut changed);
        }
        match ask(engine, &changed)? {
            Some(Asked { allows: true, .. }) => Err("it allows".to_owned()),
            asked => Ok(asked.is_some()),
        }
    })
}

/// Answers with changed bytes, each of a module that is good otherwise.
pub(crate) fn of_answers() -> Result<(), String> {
    each(2, |random, engine| {
        let mut answer = deny();
        for _ in 0..=random.below(3) {
            random.change(&mut answer);
        }
        let asked = ask(engine, &denying(&answer).component()?)?;
        match asked {
            Some(Asked { allows: true, .. }) if !may_allow(&answer) => {
                Err(format!("it allows, and its answer does not: {answer:02x?}"))
            }
            asked => Ok(asked.is_some_and(|asked| asked.answers)),
        }
    })
}

/// Runs one mutation after another. Each says whether it got as far as an answer, which some have to.
fn each(
    seed: u64,
    mut mutation: impl FnMut(&mut Random, &Engine) -> Result<bool, String>,
) -> Result<(), String> {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seed = seed + 2 * number("MUTATION_SEED").unwrap_or_default();
    let engine = host::engine(Limits { fuel: 20_000_000, ..Limits::default() });
    let mut random = Random(seed);
    let mut good = 0;
    for index in 0..number("MUTATIONS").unwrap_or(MUTATIONS) {
        let started = Instant::now();
        let got_through =
            mutation(&mut random, &engine).map_err(|problem| format!("mutation {index}: {problem}"))?;
        good += u64::from(got_through);
        if started.elapsed() > LIMIT {
            return Err(format!("mutation {index} took {:?}", started.elapsed()));
        }
    }
    if good == 0 { Err("no mutation was good enough to be asked".to_owned()) } else { Ok(()) }
}

/// What came of asking.
struct Asked {
    answers: bool,
    allows: bool,
}

/// `None`: not even loaded.
fn ask(engine: &Engine, module: &[u8]) -> Result<Option<Asked>, String> {
    let Ok(module) = engine.load(module) else { return Ok(None) };
    let reply = module.decide(&host::request());
    if reply != module.decide(&host::request()) {
        return Err("two runs differ".to_owned());
    }
    let Ok(verdict) = reply.result else { return Ok(Some(Asked { answers: false, allows: false })) };
    let allows = verdict.rulings.iter().any(|ruling| ruling.decision == Decision::Allow);
    Ok(Some(Asked { answers: true, allows }))
}

/// A module whose answer is these bytes.
fn denying(answer: &[u8]) -> Guest {
    let decide = format!("(func $decide (param i32) (result i32) (i32.const {ANSWER}))");
    Guest::new(decide + &guest::data(ANSWER, answer))
}

/// Two denials with a finding each, one after another as the canonical ABI reads them.
fn deny() -> Vec<u8> {
    let mut answer = vec![0; LENGTH];
    let mut word = |at: usize, value: usize| {
        answer[at..at + 4].copy_from_slice(&u32::try_from(value).unwrap_or_default().to_le_bytes());
    };
    word(4, ANSWER + 32);
    word(8, 2);
    for (number, ruling) in [32, 64].into_iter().enumerate() {
        let finding = 96 + 64 * number;
        word(ruling, number);
        word(ruling + 4, 1);
        word(ruling + 24, ANSWER + finding);
        word(ruling + 28, 1);
        // The code and the message are the same text.
        for text in [finding, finding + 12] {
            word(text, 256);
            word(text + 4, 16);
        }
    }
    answer
}

/// Whether a ruling among these bytes allows, read without the engine. What lies beyond them is zeros, which allow.
fn may_allow(answer: &[u8]) -> bool {
    let word = |at: usize| {
        let bytes = answer.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
        usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX)
    };
    let (rulings, count) = (word(4), word(8));
    (0..count.min(LENGTH)).any(|index| {
        let decision = rulings.checked_sub(ANSWER).and_then(|start| answer.get(start + 32 * index + 4));
        decision.is_none_or(|decision| *decision == 0)
    })
}

/// SplitMix64: numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit.max(1) as u64).unwrap_or_default()
    }

    /// Changes one byte: a bit of it, or all.
    fn change(&mut self, bytes: &mut [u8]) {
        let at = self.below(bytes.len());
        bytes[at] = match self.below(3) {
            0 => bytes[at] ^ (1 << self.below(8)),
            1 => [0x00, 0x7f, 0x80, 0xff][self.below(4)],
            _ => u8::try_from(self.below(256)).unwrap_or_default(),
        };
    }

    /// One time in eight, takes some bytes away or repeats them.
    fn cut_or_repeat(&mut self, bytes: &mut Vec<u8>) {
        let start = self.below(bytes.len());
        let end = (start + self.below(64)).min(bytes.len());
        match self.below(16) {
            0 => drop(bytes.drain(start..end)),
            1 => bytes.extend_from_within(start..end),
            _ => (),
        }
    }
}
