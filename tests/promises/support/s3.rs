//! An S3-compatible store in this process: `s3s` over a temporary folder, on loopback, with keys and a list of calls.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
};

use hyper::{Request, Response, StatusCode, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use s3s_fs::FileSystem;
use tokio::{net::TcpListener, runtime::Runtime};

const ID: &str = "inspection";
pub(crate) const SECRET: &str = "not+to/be-seen";
const BUCKET: &str = "photos";

/// A running store with one bucket.
pub(crate) struct S3 {
    _runtime: Runtime,
    folder: tempfile::TempDir,
    address: SocketAddr,
    calls: Arc<Mutex<Vec<String>>>,
}

impl S3 {
    pub(crate) fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut builder = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(ID, SECRET));
        let calls = Arc::new(Mutex::new(Vec::new()));
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(serve(listener, builder.build(), Arc::clone(&calls)));
        Self {
            _runtime: runtime,
            folder,
            address,
            calls,
        }
    }

    /// The setting that names the bucket of this store.
    pub(crate) fn setting(&self) -> String {
        self.setting_of(BUCKET, SECRET)
    }

    /// The setting that names this bucket with this secret.
    pub(crate) fn setting_of(&self, bucket: &str, secret: &str) -> String {
        let endpoint = format!(
            "endpoint=http://{}&region=us-east-1&allow_http=true",
            self.address
        );
        format!("s3://{bucket}/town/a?{endpoint}&access_key_id={ID}&secret_access_key={secret}")
    }

    /// Method, query and checksum header of every call so far.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// The names of all objects.
    pub(crate) fn objects(&self) -> BTreeSet<String> {
        objects_in(&self.folder.path().join(BUCKET).join("town/a"))
    }
}

/// The names of all files below a folder's `blobs` and `uploads`; a store's own files are outside both.
pub(crate) fn objects_in(root: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root.join("blobs"), root.join("uploads")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(root).unwrap().to_owned();
                found.insert(name.to_str().unwrap().to_owned());
            }
        }
    }
    found
}

async fn serve(listener: TcpListener, service: S3Service, calls: Arc<Mutex<Vec<String>>>) {
    while let Ok((socket, _)) = listener.accept().await {
        let (service, calls) = (service.clone(), Arc::clone(&calls));
        let answer = service_fn(move |request: Request<Incoming>| {
            let sum = request.headers().get("x-amz-checksum-sha256");
            let line = format!(
                "{} ?{} sha256 {}",
                request.method(),
                request.uri().query().unwrap_or_default(),
                sum.is_some()
            );
            calls.lock().unwrap().push(line);
            let service = service.clone();
            let there = request.uri().path().split('/').nth(1) == Some(BUCKET);
            async move {
                if there {
                    service.call(request.map(s3s::Body::from)).await
                } else {
                    Ok(no_such_bucket())
                }
            }
        });
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            let _ = builder.serve_connection(TokioIo::new(socket), answer).await;
        });
    }
}

/// The response of S3; s3s-fs would create the bucket.
fn no_such_bucket() -> Response<s3s::Body> {
    let said =
        "<Error><Code>NoSuchBucket</Code><Message>The bucket does not exist</Message></Error>";
    let mut response = Response::new(s3s::Body::from(said.to_owned()));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
