#![allow(clippy::print_stdout, clippy::print_stderr)]
#[path = "support/loops.rs"]
mod loops;
#[path = "support/queries.rs"]
mod queries;
#[path = "support/tpch.rs"]
mod tpch;
use std::time::Instant;
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scale: f64 = std::env::args().skip_while(|a| a != "--scale").nth(1).map_or(0.01, |s| s.parse().unwrap());
    let turns: usize = std::env::args().skip_while(|a| a != "--turns").nth(1).map_or(5, |s| s.parse().unwrap());
    let t = Instant::now();
    let db = tpch::load(scale, tpch::TEXT_BYTES, |n, c, d| eprintln!("{n} {c} {d:?}"))?;
    let arrays = loops::Arrays::new(&db);
    eprintln!("loaded {:?}", t.elapsed());
    assert_eq!(queries::q3(&db)?, arrays.q3());
    assert_eq!(queries::q5(&db)?, arrays.q5());
    assert_eq!(queries::q10(&db)?, arrays.q10());
    assert_eq!(queries::q12(&db)?, arrays.q12());
    println!("{:?}", arrays.q12());
    for name in ["q3", "q5", "q10", "q12"] {
        let mut v = vec![];
        for _ in 0..turns {
            let t = Instant::now();
            match name { "q3" => { queries::q3(&db)?; } "q5" => { queries::q5(&db)?; } "q10" => { queries::q10(&db)?; } _ => { queries::q12(&db)?; } }
            let a = t.elapsed();
            let t = Instant::now();
            match name { "q3" => { arrays.q3(); } "q5" => { arrays.q5(); } "q10" => { arrays.q10(); } _ => { arrays.q12(); } }
            let b = t.elapsed();
            v.push((a.as_secs_f64() / b.as_secs_f64(), a, b));
        }
        v.sort_by(|a, b| a.0.total_cmp(&b.0));
        println!("{name} {:?}", v[v.len() / 2]);
    }
    Ok(())
}
