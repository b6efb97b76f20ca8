//! Routes for reviewers: the ledger as a file, streamed page by page, within the caller's reach.

use axum::{
    body::{Body, Bytes},
    extract::{Query, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use sync_core::causes::with_causes;
use tokio::sync::mpsc;

use super::{Components, extract::Reviewing, review::parsed};
use crate::{
    access::Reach,
    export,
    refusal::Refusal,
    reporting::ExportHeader,
    review::{Filter, HazardView},
};

/// Rows read in one page.
const PAGE: i64 = 500;

/// Exports the ledger as CSV.
#[utoipa::path(get, path = "/v1/exports/hazards.csv", tag = "review", params(Filter), responses((status = 200, content_type = "text/csv")))]
pub(super) async fn csv(
    State(components): State<Components>,
    Reviewing(reach): Reviewing,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Response, Refusal> {
    let filter = parsed(filter)?;
    let head = export::csv::head(&header_of(&components, &reach, &filter).await?);
    let row = |h: &HazardView, _: bool| export::csv::row(h);
    stream(
        components,
        reach,
        filter,
        "text/csv; charset=utf-8",
        "hazards.csv",
        head,
        row,
        b"",
    )
    .await
}

/// Exports the ledger as GeoJSON in WGS-84.
#[utoipa::path(get, path = "/v1/exports/hazards.geojson", tag = "review", params(Filter), responses((status = 200, content_type = "application/geo+json")))]
pub(super) async fn geojson(
    State(components): State<Components>,
    Reviewing(reach): Reviewing,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Response, Refusal> {
    let filter = parsed(filter)?;
    let head = export::geojson::head(&header_of(&components, &reach, &filter).await?);
    let (kind, tail) = ("application/geo+json", export::geojson::TAIL);
    stream(
        components,
        reach,
        filter,
        kind,
        "hazards.geojson",
        head,
        export::geojson::feature,
        tail,
    )
    .await
}

async fn header_of(
    components: &Components,
    reach: &Reach,
    filter: &Filter,
) -> Result<ExportHeader, Refusal> {
    let now = components.access.now().0;
    components
        .reporting
        .export_header(reach, filter.area.as_deref(), now)
        .await
}

/// Streams a file. A failure on the first page is returned as a refusal. A later failure aborts the stream, so that an
/// incomplete file is not mistaken for a complete one.
#[expect(clippy::too_many_arguments, reason = "the parts of one file")]
async fn stream(
    components: Components,
    reach: Reach,
    mut filter: Filter,
    kind: &'static str,
    name: &'static str,
    head: Vec<u8>,
    row: impl Fn(&HazardView, bool) -> Vec<u8> + Send + 'static,
    tail: &'static [u8],
) -> Result<Response, Refusal> {
    filter.limit = Some(PAGE);
    let mut page = components.review.list(&reach, filter.clone()).await?;
    let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(4);
    tokio::spawn(async move {
        let mut bytes = head;
        let mut first = true;
        loop {
            for item in &page.items {
                bytes.extend(row(item, first));
                first = false;
            }
            if sender
                .send(Ok(std::mem::take(&mut bytes).into()))
                .await
                .is_err()
            {
                return;
            }
            let Some(next) = page.next else { break };
            filter.after = Some(next);
            page = match components.review.list(&reach, filter.clone()).await {
                Ok(page) => page,
                Err(error) => {
                    let _ = sender
                        .send(Err(std::io::Error::other(with_causes(&error))))
                        .await;
                    return;
                }
            };
        }
        let _ = sender.send(Ok(Bytes::from_static(tail))).await;
    });
    let chunks =
        futures_util::stream::unfold(receiver, async |mut r| r.recv().await.map(|c| (c, r)));
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, Body::from_stream(chunks)).into_response())
}
