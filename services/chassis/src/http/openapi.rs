//! The OpenAPI document: the router is its source, and what every operation has in common is added here.

use axum::Router;
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use serde_json::json;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::security::{Flow, Http, HttpAuthScheme, OAuth2, Password, Scopes, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, ObjectBuilder, OpenApi, Ref, RefOr, ResponseBuilder, ServerBuilder, Type};
use utoipa::{PartialSchema, ToSchema};

use super::code::{self, Code};
use super::no_such_path;
use super::problem::{MEDIA_TYPE, Problem};

/// The problems of one operation, beside those that follow from its having a body, parameters or security.
pub type Problems = (&'static str, &'static [&'static Code]);

/// The name of the bearer scheme in the document.
pub const BEARER: &str = "bearer";
/// The name of the OAuth2 password flow in the document: Swagger's Authorize logs in with it.
pub const PASSWORD: &str = "password";

/// A problem document (RFC 9457).
#[derive(ToSchema)]
#[schema(as = Problem)]
#[allow(dead_code, reason = "it is only described; problem::Problem writes it")]
struct ProblemDocument {
    /// `urn:restaurant-booking:problem:<code>`
    #[schema(example = "urn:restaurant-booking:problem:validation_failed")]
    r#type: String,
    /// The same for every occurrence.
    title: String,
    /// The HTTP status.
    status: u16,
    /// A sentence that says what happened this time, and what to do.
    detail: String,
    /// The request id.
    instance: String,
    /// `snake_case`, stable.
    code: String,
    /// Every fault of the input, where the code is `validation_failed`.
    errors: Option<Vec<FieldErrorDocument>>,
}

/// One fault of the input: `pointer` (into the body), `parameter` or `header` says where.
#[derive(ToSchema)]
#[schema(as = FieldError)]
#[allow(dead_code, reason = "it is only described; problem::FieldError is written")]
struct FieldErrorDocument {
    #[schema(example = "#/guests_count")]
    pointer: Option<String>,
    parameter: Option<String>,
    header: Option<String>,
    code: String,
    detail: String,
}

/// Completes the document: security schemes, and for each operation its problems, with an example for each. `token_url` is the
/// path of the OAuth2 password form, at the one service that has it.
///
/// # Panics
/// Where `problems` names an operation that does not exist, which is a fault of the program.
pub fn complete(api: &mut OpenApi, token_url: Option<&str>, problems: &[Problems]) {
    let components = api.components.get_or_insert_with(Components::new);
    components.schemas.insert("Problem".to_owned(), ProblemDocument::schema());
    components.schemas.insert("FieldError".to_owned(), FieldErrorDocument::schema());
    components.add_security_scheme(BEARER, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    if let Some(url) = token_url {
        components.add_security_scheme(PASSWORD, SecurityScheme::OAuth2(OAuth2::new([Flow::Password(Password::new(url, Scopes::new()))])));
    }
    api.servers = Some(vec![ServerBuilder::new().url("/").build()]);
    let mut unknown: Vec<&str> = problems.iter().map(|(id, _)| *id).collect();
    for item in api.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for (method, operation) in ["get", "put", "post", "delete", "patch"].into_iter().zip(operations) {
            let Some(operation) = operation else { continue };
            let id = operation.operation_id.clone().unwrap_or_default();
            unknown.retain(|known| *known != id);
            let own = problems.iter().filter(|(operation, _)| *operation == id).flat_map(|(_, codes)| codes.iter().copied());
            describe(operation, components, matches!(method, "put" | "post" | "patch"), own);
            if method == "delete" {
                spare_the_first(operation);
            }
            exemplify(operation, components);
        }
    }
    assert!(unknown.is_empty(), "no such operations: {unknown:?}");
}

/// Gives the answers of an operation an example each.
fn exemplify(operation: &mut Operation, components: &Components) {
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        let Some(RefOr::T(content)) = response.content.get_mut("application/json") else { continue };
        let Some(schema) = &content.schema else { continue };
        content.example = super::example::of(schema, components);
    }
}

/// Has the example of a removal name another thing than that of a change, so that both can be sent, one after the other.
fn spare_the_first(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && parameter.parameter_in == ParameterIn::Path
        {
            *parameter = ParameterBuilder::from(parameter.clone()).example(Some(json!(8))).build();
        }
    }
}

/// Whether an operation has no answer for somebody without a token.
fn needs_token(operation: &Operation) -> bool {
    let none = SecurityRequirement::default();
    operation.security.as_ref().is_some_and(|schemes| !schemes.contains(&none))
}

fn describe(operation: &mut Operation, components: &mut Components, reads_body: bool, own: impl Iterator<Item = &'static Code>) {
    let mut codes: Vec<&'static Code> = Vec::new();
    if needs_token(operation) {
        codes.push(&code::UNAUTHENTICATED);
        // With a one-time password the user may choose their own, and nothing else.
        if operation.operation_id.as_deref() != Some("change_password") {
            codes.push(&code::PASSWORD_CHANGE_REQUIRED);
        }
    }
    if reads_body {
        codes.extend([
            &code::MALFORMED_BODY,
            &code::REQUEST_TIMEOUT,
            &code::BODY_TOO_LARGE,
            &code::UNSUPPORTED_MEDIA_TYPE,
            &code::VALIDATION_FAILED,
        ]);
    }
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    if !parameters.is_empty() {
        codes.push(&code::VALIDATION_FAILED);
    }
    if parameters.iter().any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Path)) {
        codes.push(&code::NOT_FOUND);
    }
    codes.extend(own);
    codes.extend([&code::INTERNAL_ERROR, &code::OVERLOADED, &code::UNAVAILABLE]);
    codes.sort_by_key(|code| (code.status, code.code));
    codes.dedup();
    for group in codes.chunk_by(|a, b| a.status == b.status) {
        let described: Vec<_> = group.iter().map(|code| format!("`{}`: {}", code.code, code.meaning)).collect();
        let mut content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        // Each problem once: most operations have most of them.
        for code in group {
            components.examples.entry(code.code.to_owned()).or_insert_with(|| example(code));
            content.examples.insert(code.code.to_owned(), RefOr::Ref(Ref::new(format!("#/components/examples/{}", code.code))));
        }
        let mut response = ResponseBuilder::new().description(described.join("\n\n")).content(MEDIA_TYPE, content);
        if matches!(group[0].status, 429 | 503) {
            response = response.header("Retry-After", header("Whole seconds until another attempt makes sense.", Type::Integer));
        }
        operation.responses.responses.insert(group[0].status.to_string(), RefOr::T(response.build()));
    }
}

fn example(code: &'static Code) -> RefOr<Example> {
    let document = Problem::new(code, code.meaning).document("0b54a1c2f3d84e6f9a7b8c9d0e1f2a3b");
    let value = serde_json::from_slice(&document).unwrap_or_else(|_| json!({}));
    RefOr::T(ExampleBuilder::new().value(Some(value)).build())
}

/// The description of a response header.
pub fn header(description: &str, of: Type) -> utoipa::openapi::Header {
    let schema = ObjectBuilder::new().schema_type(of).build();
    utoipa::openapi::HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}

/// The path of the document.
const DOCUMENT: &str = "/openapi.json";

/// Whether a path is that of the document, or of its pages: they are served whether the service is ready or not.
pub(crate) fn is_document(path: &str) -> bool {
    path == DOCUMENT || is_page(path)
}

/// Whether a path is that of the document's pages.
pub(crate) fn is_page(path: &str) -> bool {
    path.strip_prefix("/docs").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The routes of the document and of Swagger UI, which is part of the binary and loads nothing from elsewhere.
pub fn routes(api: OpenApi) -> Router {
    let document: std::sync::Arc<str> = api.to_json().expect("a document has string keys and no failing members").into();
    let swagger = utoipa_swagger_ui::SwaggerUi::new("/docs")
        .config(utoipa_swagger_ui::Config::new([DOCUMENT]).persist_authorization(true).try_it_out_enabled(true).validator_url("none"));
    // Swagger UI answers a file that it does not have with an empty body.
    let swagger = Router::from(swagger).layer(map_response(async |response: Response| match response.status() {
        StatusCode::NOT_FOUND => no_such_path().into_response(),
        _ => response,
    }));
    swagger.route(
        DOCUMENT,
        get(|| async move { ([(http::header::CONTENT_TYPE, "application/json")], super::example::of_tomorrow(&document)) }),
    )
}
