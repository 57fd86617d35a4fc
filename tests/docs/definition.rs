//! The CustomResourceDefinition.

use crate::assert_fresh;

/// The most bytes of the definition as it stands in the file. What is applied on the client's side goes into an annotation, all of which
/// together may have 262,144 bytes.
const LARGEST: usize = 150 * 1024;

#[test]
fn generated_definition() {
    let definition = serde_yaml::to_string(&operator::api::crd()).expect("YAML");
    assert!(definition.len() <= LARGEST, "the definition has {} bytes", definition.len());
    assert_fresh("crds/restaurantbookings.restaurantbooking.dev.yaml", &definition);
}
