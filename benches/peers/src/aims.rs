//! What relata aims at, beside what the example `tpch` measures: ratios to the loop that one would write by hand.

use serde::Deserialize;

/// A workload of the example, what its time is divided by, and at most how much the ratio shall be.
const AIMS: [(&str, &str, f64); 25] = [
    ("get_hot", "SlotMap", 1.3),
    ("get_hot_database", "SlotMap", 3.0),
    ("belongs_to_random_seq", "Vec", 1.5),
    ("belongs_to_random_shuf", "Vec", 1.5),
    ("one_hop_seq", "Vec", 1.3),
    ("one_hop_shuf", "Vec", 1.3),
    ("three_hops_seq", "Vec in blocks", 1.0),
    ("three_hops_shuf", "Vec in blocks", 1.0),
    ("three_hops_seq_2_threads", "one thread", 0.6),
    ("three_hops_shuf_2_threads", "one thread", 0.6),
    ("children_seq", "CSR", 1.4),
    ("children_shuf", "CSR", 1.4),
    ("insert_no_relation", "SlotMap", 1.3),
    ("insert_seq", "SlotMap", 1.7),
    ("insert_shuf", "SlotMap", 5.0),
    ("insert_many_seq", "SlotMap", 1.0),
    ("insert_many_shuf", "SlotMap", 2.5),
    ("insert_many_natural_seq", "SlotMap", 4.0),
    ("insert_many_natural_shuf", "SlotMap", 5.5),
    ("delete_hot_target_10k", "SlotMap", 3.0),
    ("delete_hot_target", "SlotMap", 3.0),
    ("memory_1_relation", "Vec", 2.0),
    ("memory_3_relations", "Vec", 2.5),
    ("q3", "Vec and CSR", 2.6),
    ("q5", "Vec and CSR", 2.6),
];

#[derive(Deserialize)]
struct Printed {
    figures: Vec<Measured>,
}

/// One figure of the example. What it was measured in depends on the workload.
#[derive(Deserialize)]
struct Measured {
    name: String,
    ns_per_row: Option<f64>,
    ms: Option<f64>,
    bytes: Option<f64>,
    baseline: Option<String>,
    ratio: Option<f64>,
}

/// The table of aims and what was measured of them; workloads without an aim follow.
pub(crate) fn table(json: &str) -> Result<String, String> {
    let printed: Printed = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let measured = |name: &str| printed.figures.iter().find(|figure| figure.name == name);
    let mut text = "| workload | relata | beside | ratio | aim | |\n|---|---|---|---|---|---|\n".to_owned();
    for (name, baseline, aim) in AIMS {
        text += &line(name, baseline, measured(name), Some(aim));
    }
    for figure in printed.figures.iter().filter(|figure| AIMS.iter().all(|(name, ..)| figure.name != *name)) {
        text += &line(&figure.name, "", Some(figure), None);
    }
    Ok(text)
}

fn line(name: &str, baseline: &str, measured: Option<&Measured>, aim: Option<f64>) -> String {
    let baseline = measured.and_then(|figure| figure.baseline.as_deref()).unwrap_or(baseline);
    let ratio = measured.and_then(|figure| figure.ratio);
    let told = |ratio: Option<f64>| ratio.map_or("–".to_owned(), |ratio| format!("{ratio:.2}"));
    let verdict = match (ratio, aim) {
        (Some(ratio), Some(aim)) if ratio <= aim => "met",
        (Some(_), Some(_)) => "**missed**",
        _ => "",
    };
    let aim = aim.map_or("–".to_owned(), |aim| format!("≤ {aim}"));
    format!(
        "| {name} | {} | {baseline} | {} | {aim} | {verdict} |\n",
        measured.map_or("–".to_owned(), amount),
        told(ratio)
    )
}

fn amount(figure: &Measured) -> String {
    match figure {
        Measured { ns_per_row: Some(ns), .. } => format!("{ns:.2} ns/row"),
        Measured { ms: Some(ms), .. } => format!("{ms:.1} ms"),
        Measured { bytes: Some(bytes), .. } => format!("{bytes:.1} bytes/row"),
        _ => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_beside_their_aims() {
        let json = r#"{"figures":[
            {"name":"q3","ms":12.34,"baseline":"loops","ratio":2.0},
            {"name":"get_hot","ns_per_row":1.0,"baseline":"SlotMap","ratio":1.5},
            {"name":"q12","ms":5.0,"baseline":"loops","ratio":3.0}
        ]}"#;
        let table = table(json).unwrap();
        assert!(table.contains("| q3 | 12.3 ms | loops | 2.00 | ≤ 2.6 | met |\n"), "{table}");
        assert!(table.contains("| get_hot | 1.00 ns/row | SlotMap | 1.50 | ≤ 1.3 | **missed** |\n"), "{table}");
        assert!(table.contains("| q5 | – | Vec and CSR | – | ≤ 2.6 |  |\n"), "{table}");
        assert!(table.ends_with("| q12 | 5.0 ms | loops | 3.00 | – |  |\n"), "{table}");
    }
}
