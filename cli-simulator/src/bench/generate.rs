//! Generates documents in bulk: real documents and signed packs of many devices, pushed through the real write path.

use std::path::Path;

use sync_core::{
    crdt::Document,
    record::{
        DocId, EventBody, EventId, LocationKind, PhotoHash, PhotoRef, PhotoRole, PhotoSource,
    },
    wire::push,
};
use tokio::runtime::Runtime;
use xuncha_server::{
    app::{open, system_clock},
    config::Config,
    http::Components,
    storage::{Storage, StorageError, Tx, spaces},
};

use super::writer::{Writer, random};
use crate::{
    chance::mix,
    world::{World, evidence, note, observation},
};

/// Generates documents in a data folder that no server serves at the same time.
#[derive(Debug)]
pub struct Generator {
    runtime: Runtime,
    /// The server's services on the data folder.
    pub components: Components,
    /// Its database.
    pub storage: Storage,
    /// The counties.
    pub worlds: Vec<World>,
    /// The devices.
    pub writers: Vec<Writer>,
    chance: u64,
    /// Documents so far.
    made: i64,
}

/// A generated document.
#[derive(Debug)]
pub struct Made {
    /// Its id.
    pub doc: DocId,
    document: Document,
    heads: Vec<EventId>,
}

impl Made {
    /// A copy of the document on another device: later events of the two copies are concurrent.
    ///
    /// # Errors
    /// Never in practice.
    pub fn apart(&mut self) -> anyhow::Result<Self> {
        Ok(Self {
            doc: self.doc,
            document: Document::load(Some(&self.document.snapshot()), [])?,
            heads: self.heads.clone(),
        })
    }
}

const WORDS: [&str; 8] = [
    "一层架空层内有居民私拉电线为电动自行车充电，插座裸露，旁边堆放纸箱",
    "消防车通道被私家车占用，物业未设置禁停标线，已拍照并联系车主挪车",
    "外窗安装全封闭防盗网，未预留逃生口，住户称担心儿童坠楼",
    "楼梯间堆放旧家具和杂物，仅余半幅通行宽度",
    "安全出口常闭式防火门被砖块顶开，闭门器损坏",
    "室内消火栓箱被鞋柜遮挡，箱内水带缺失",
    "电缆井未封堵且堆放清洁用具，存在延烧风险",
    "门厅停放电动自行车多辆，阻挡疏散，居民反映已久",
];
const CODES: [&str; 6] = ["EV-06", "FL-01", "WN-01", "EG-03", "EG-06", "FF-02"];

impl Generator {
    /// Opens a server's services and enrols `writers` devices of the worlds' people, in turn.
    ///
    /// # Errors
    /// If the folder or the database cannot be opened.
    pub fn open(
        config: &Config,
        worlds: Vec<World>,
        writers: usize,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let runtime = Runtime::new()?;
        let (storage, components) = open(config, system_clock())?;
        for world in &worlds {
            runtime.block_on(world.seed(&storage))?;
        }
        let mut generator = Self {
            runtime,
            components,
            storage,
            worlds,
            writers: Vec::new(),
            chance: seed,
            made: 0,
        };
        for n in 0..writers {
            let world = &generator.worlds[n % generator.worlds.len()];
            let (storage, components) = (&generator.storage, &generator.components);
            let enrolling = Writer::enrol(world, (storage, components), n, &mut generator.chance);
            let writer = generator.runtime.block_on(enrolling)?;
            generator.writers.push(writer);
        }
        Ok(generator)
    }

    /// Opens one county in a data folder that no server serves at the same time.
    pub(super) fn of_county(data: &Path, writers: usize, seed: u64) -> anyhow::Result<Self> {
        let config = Config::new(data, ([127, 0, 0, 1], 0).into());
        Self::open(&config, vec![World::small()], writers, seed)
    }

    fn photo(&mut self, role: PhotoRole) -> PhotoRef {
        PhotoRef {
            hash: PhotoHash(random(&mut self.chance)),
            size: 180_000 + (mix(&mut self.chance) % 150_000) as u32,
            width: 2048,
            height: 1536,
            role,
            source: PhotoSource::InApp,
            taken: None,
            position: None,
        }
    }

    /// A new hazard by a writer, found at `at`.
    ///
    /// # Errors
    /// Never in practice.
    pub fn record(&mut self, writer: usize, at: i64) -> anyhow::Result<(Made, push::Entry)> {
        let chance = mix(&mut self.chance);
        let photos = vec![self.photo(PhotoRole::Before), self.photo(PhotoRole::Before)];
        let world = &self.worlds[writer % self.worlds.len()];
        let compound = &world.compounds[(chance % 3) as usize];
        let building = format!("{}栋", 1 + chance % 40);
        let unit = format!("{}单元", 1 + chance / 64 % 4);
        let floor = format!("{}层", 1 + chance / 512 % 30);
        let words = format!("{}，第{}处", WORDS[(chance / 7 % 8) as usize], chance % 97);
        let code = CODES[(chance / 11 % 6) as usize];
        let kind = LocationKind::ALL[(chance / 13 % 30) as usize];
        let mut found = observation(
            compound,
            code,
            (&building, &unit, &floor, kind),
            &words,
            photos,
        );
        if let Some(position) = &mut found.position {
            position.latitude_e7 += (chance % 200_000) as i32;
            position.longitude_e7 += (chance / 99 % 200_000) as i32;
        }
        // Many begin in one millisecond: a device takes a salt that is free, and so does this one.
        let (ms, salt) = (self.made / 4096, self.made % 4096);
        let doc = DocId::begun_by(self.writers[writer].id, at + ms, salt as u16);
        self.made += 1;
        let mut document = Document::create(self.writers[writer].actor, doc)?;
        let event = self.writers[writer].event(EventBody::Observe(found), Vec::new(), at)?;
        let change = document.append(self.writers[writer].actor, &event)?;
        let heads = vec![EventId::of(&event)];
        Ok((
            Made {
                doc,
                document,
                heads,
            },
            self.writers[writer].entry(doc, change.bytes, &event),
        ))
    }

    /// Another event of a document.
    ///
    /// # Errors
    /// Never in practice.
    pub fn add(
        &mut self,
        made: &mut Made,
        writer: usize,
        step: usize,
        at: i64,
    ) -> anyhow::Result<push::Entry> {
        let after = std::mem::take(&mut made.heads);
        let body = match step % 4 {
            0 => EventBody::Note(note("已现场劝阻，住户承诺三日内整改")),
            1 => EventBody::ClaimFixed(evidence(
                "已断电清理完毕",
                vec![self.photo(PhotoRole::After)],
            )),
            2 => EventBody::RecheckPass(evidence("复查已清理", vec![self.photo(PhotoRole::After)])),
            _ => EventBody::Note(note("转入日常巡查")),
        };
        let event = self.writers[writer].event(body, after, at)?;
        let change = made.document.append(self.writers[writer].actor, &event)?;
        made.heads = vec![EventId::of(&event)];
        Ok(self.writers[writer].entry(made.doc, change.bytes, &event))
    }

    /// States that an off-site backup has everything until now.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub(super) fn mark_safe(&self) -> anyhow::Result<()> {
        let mark = |tx: &mut dyn Tx| {
            for space in spaces::list(tx)? {
                spaces::raise_safe_mark(tx, &space.id, space.head)?;
            }
            Ok::<_, StorageError>(())
        };
        Ok(self.runtime.block_on(self.storage.write(mark))?)
    }

    /// Seals a pack of a writer.
    pub fn seal(&mut self, writer: usize, entries: Vec<push::Entry>) -> push::Request {
        self.writers[writer].seal(entries)
    }

    /// Pushes a pack through the write path.
    ///
    /// # Errors
    /// If a change is refused.
    pub fn push(&self, writer: usize, pack: push::Request) -> anyhow::Result<()> {
        let device = self.writers[writer].id;
        match self
            .runtime
            .block_on(self.components.ingest.push(device, pack))?
        {
            push::Response::Stored { refused, .. } if refused.is_empty() => Ok(()),
            other => anyhow::bail!("a generated pack was refused: {other:?}"),
        }
    }

    /// Pushes `count` documents of `events` events each, in packs, and then folds them into the ledger.
    ///
    /// # Errors
    /// If a change is refused.
    pub fn fill(
        &mut self,
        count: usize,
        events: usize,
        say: &dyn Fn(&str),
    ) -> anyhow::Result<Vec<Made>> {
        const BATCH: usize = 150;
        let start = (self.components.access.now()).0 + 60_000;
        let mut made = Vec::with_capacity(count);
        for batch in 0..count.div_ceil(BATCH) {
            let size = BATCH.min(count - batch * BATCH);
            let people: Vec<usize> = (0..events)
                .map(|step| (batch + step) % self.writers.len())
                .collect();
            let mut steps: Vec<Vec<push::Entry>> = vec![Vec::new(); events];
            for n in 0..size {
                let at = start + (batch * BATCH + n) as i64 * 1000;
                let (mut record, entry) = self.record(people[0], at)?;
                steps[0].push(entry);
                for step in 1..events {
                    steps[step].push(self.add(
                        &mut record,
                        people[step],
                        step - 1,
                        at + step as i64 * 60_000,
                    )?);
                }
                made.push(record);
            }
            for (step, entries) in steps.into_iter().enumerate() {
                let pack = self.seal(people[step], entries);
                self.push(people[step], pack)?;
            }
            if batch % 40 == 39 {
                say(&format!("  {} of {count} records", made.len()));
            }
        }
        self.project()?;
        Ok(made)
    }

    /// Folds into the ledger until it has caught up with the log.
    ///
    /// # Errors
    /// From the storage.
    pub fn project(&self) -> anyhow::Result<()> {
        self.runtime
            .block_on(self.components.projection.catch_up())?;
        Ok(())
    }

    /// An enrolment code for one more device, of a reviewer of the whole county.
    ///
    /// # Errors
    /// From the storage.
    pub fn code(&self) -> anyhow::Result<String> {
        let world = &self.worlds[0];
        let actor = world.actor("审核员丁");
        self.runtime
            .block_on(world.invite(&self.storage, &self.components, actor))
    }

    /// Runs a task on the generator's runtime, concurrently with the caller.
    pub fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.runtime.spawn(task)
    }

    /// Runs a future on the generator's runtime.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}
