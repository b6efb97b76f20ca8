//! Enrolled devices without a store: only what is needed for a token.

use std::path::Path;

use anyhow::Context;
use sync_core::{
    identity::{SecretKey, key::Purpose},
    record::{DeviceTime, Label},
    sync::{Call, Method},
    wire::{
        Exchange, PROTOCOL,
        enrol::{self, Enrol},
        session::{self, Proof, Session},
    },
};
use xuncha_server::{
    app::{open, system_clock},
    config::Config,
};

use crate::{
    phone::{Http, Transport},
    world::World,
};

/// Creates the data folder with its world, codes for `count` devices, and a reviewer's token.
pub(super) fn invite(
    runtime: &tokio::runtime::Runtime,
    data: &Path,
    count: usize,
) -> anyhow::Result<(World, Vec<String>, String)> {
    let config = Config::new(data, ([127, 0, 0, 1], 0).into());
    let (storage, components) = open(&config, system_clock())?;
    let world = World::small();
    let (codes, reviewer) = runtime.block_on(async {
        world.seed(&storage).await?;
        let mut codes = Vec::with_capacity(count);
        for _ in 0..count {
            codes.push(
                world
                    .invite(&storage, &components, world.actor("网格员甲"))
                    .await?,
            );
        }
        let who = world.actor("审核员丁").clone();
        let token = components
            .access
            .issue_token(who.person, who.role, who.area, "siege".to_owned())
            .await?;
        anyhow::Ok((codes, token))
    })?;
    Ok((world, codes, reviewer))
}

fn call<E: Exchange>(http: &mut Http, request: &E::Request) -> anyhow::Result<E::Response> {
    let call = Call {
        method: Method::Post,
        path: E::PATH.to_owned(),
        headers: Vec::new(),
        body: E::write_request(request),
    };
    let reply = http.send(&call).map_err(|lost| anyhow::anyhow!(lost.0))?;
    anyhow::ensure!(reply.status == 200, "{}: {}", E::PATH, reply.status);
    E::read_response(&reply.body).context(E::PATH)
}

/// Enrols a device with each code and opens its session; returns the tokens.
pub(super) fn enrol(http: &mut Http, codes: &[String]) -> anyhow::Result<Vec<String>> {
    let label = |text: &str| Label::new(text).context("a label");
    let mut tokens = Vec::with_capacity(codes.len());
    for (n, code) in codes.iter().enumerate() {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&(n as u64 + 1).to_be_bytes());
        let key = SecretKey::from_seed(seed);
        let device = key.public().device();
        let request = enrol::Request::signed(label(code)?, device, &key, label("siege")?);
        call::<Enrol>(http, &request)?;
        let ask = |proof| -> anyhow::Result<session::Request> {
            Ok(session::Request {
                protocol: PROTOCOL,
                device,
                app: label("siege")?,
                claimed: DeviceTime(0),
                proof,
                grants: None,
                edition: None,
            })
        };
        let session::Response::Challenge(challenge) = call::<Session>(http, &ask(None)?)? else {
            anyhow::bail!("a session without a challenge");
        };
        let signature = key.sign(Purpose::Session, &challenge);
        let proof = Proof {
            challenge,
            signature,
        };
        match call::<Session>(http, &ask(Some(proof))?)? {
            session::Response::Open(opened) => tokens.push(opened.token),
            session::Response::Challenge(_) => anyhow::bail!("the proof was not taken"),
        }
    }
    Ok(tokens)
}
