//! `POST /v1/explain`.

use crate::broker::desk::caller::Caller;
use crate::broker::serve::answers;
use crate::broker::serve::form::{Form, needed_bearer};
use crate::broker::serve::oauth;
use crate::broker::serve::routes::App;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

/// What the token in the header could get; the form may name `resource`, `audience` and `scope`.
pub async fn explain(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let read = || Form::read(&uri, &headers, &body)?.question(needed_bearer(&headers)?);
    match app.desk.explain(&caller, read()).await {
        Ok(answer) => answers::json(StatusCode::OK, &answer),
        Err(refused) => oauth::refusal(&refused),
    }
}
