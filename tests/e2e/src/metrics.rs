//! Metrics as Prometheus reads them. Pure: <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::collections::BTreeMap;

/// The labels and the value of each sample of a metric.
pub(crate) fn of<'t>(text: &'t str, metric: &'t str) -> impl Iterator<Item = (BTreeMap<String, String>, f64)> + 't {
    text.lines().filter_map(move |line| {
        let (labels, value) = line.strip_prefix(metric)?.strip_prefix('{')?.rsplit_once("} ")?;
        Some((pairs(labels), value.parse().ok()?))
    })
}

/// `a="1",b="2"`: no value of these metrics has a quotation mark.
fn pairs(labels: &str) -> BTreeMap<String, String> {
    let pairs = labels.split("\",").filter_map(|pair| pair.split_once("=\""));
    pairs.map(|(name, value)| (name.to_owned(), value.trim_end_matches('"').to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_labels_and_a_value() {
        let text = "# HELP a_total b\na_total{code=\"200\",verb=\"GET, or so\"} 12\na_total_other{x=\"1\"} 3\na_total{verb=\"\"} 1.5e3\n";
        let samples: Vec<_> = of(text, "a_total").collect();
        assert_eq!(samples.len(), 2);
        assert_eq!((samples[0].0["verb"].as_str(), samples[0].1), ("GET, or so", 12.0));
        assert_eq!((samples[1].0["verb"].as_str(), samples[1].1), ("", 1500.0));
    }
}
