//! The plots, in docs/plots.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::engines::{ARRAYS, RELATA};
use crate::run::{ROOT, Results};
use crate::tables::{grouped, short};
use crate::workload::{Figure, Report, Workload};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Done = Result<(), Box<dyn Error>>;
type Plot = fn(&Results, &Area<'_>) -> Done;

const FONT: &str = "sans-serif";
const GREY: RGBColor = RGBColor(90, 90, 90);
const RELATA_COLOUR: RGBColor = RGBColor(200, 30, 30);
/// Colours that can be told apart, also by those who see fewer of them (after Okabe and Ito).
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 0, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(120, 94, 240),
    RGBColor(150, 110, 60),
];

const JOIN_BY_ENGINE: &str = "three_hops_by_engine.svg";
const JOIN_BY_ROWS: &str = "three_hops_by_rows.svg";
const COST_BY_ROWS: &str = "cost_by_rows.svg";

/// The plots as the document shows them.
pub(crate) fn list(results: &Results) -> String {
    let mut text =
        format!("![The three-hop join of {} lines by engine](plots/{JOIN_BY_ENGINE})\n\n", grouped(results.lines));
    text += &format!("![The three-hop join by number of rows](plots/{JOIN_BY_ROWS})\n\n");
    for (engine, lines) in &results.skipped {
        text += &format!("{engine} was not asked for {} lines: it would have taken too long.\n", grouped(*lines));
    }
    if !results.skipped.is_empty() {
        text += "\n";
    }
    text + &format!("![The cost of a row by number of rows, each workload](plots/{COST_BY_ROWS})\n")
}

/// Draws all plots.
pub(crate) fn write(results: &Results) -> Result<(), String> {
    let folder = PathBuf::from(ROOT).join("docs").join("plots");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let plots: [(&str, (u32, u32), Plot); 3] = [
        (JOIN_BY_ENGINE, (900, 440), join_by_engine),
        (JOIN_BY_ROWS, (900, 560), join_by_rows),
        (COST_BY_ROWS, (1000, 900), cost_by_rows),
    ];
    for (name, size, draw) in plots {
        let path = folder.join(name);
        let area = SVGBackend::new(&path, size).into_drawing_area();
        let drawn = area.fill(&WHITE).map_err(Into::into).and_then(|()| draw(results, &area));
        drawn.and_then(|()| area.present().map_err(Into::into)).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

/// The colour of an engine, by its place among all. The same on several threads has the same.
fn colour(results: &Results, engine: &str) -> RGBColor {
    let name = |engine: &str| engine.split(',').next().unwrap_or_default().to_owned();
    if engine == RELATA {
        return RELATA_COLOUR;
    }
    let mut others: Vec<String> = results.reports.iter().map(|report| name(&report.engine)).collect();
    others.dedup();
    others.retain(|other| other != RELATA);
    let place = others.iter().position(|other| *other == name(engine)).unwrap_or(0);
    COLOURS[place % COLOURS.len()]
}

/// The powers of ten around some values. 998 counts as a thousand; a single decade gets another below, for which there
/// is a line to read the height from.
fn decades(values: impl Iterator<Item = f64> + Clone) -> std::ops::Range<f64> {
    const NEARLY: f64 = 0.02;
    let least = (values.clone().fold(f64::INFINITY, f64::min).log10() + NEARLY).floor();
    let greatest = (values.clone().fold(0.0, f64::max).log10() - NEARLY).ceil().max(least + 1.0);
    let least = if greatest - least < 2.0 { least - 1.0 } else { least };
    let exact = values.fold(f64::INFINITY, f64::min);
    10_f64.powf(least).min(exact)..10_f64.powf(greatest)
}

/// Bars, fastest first.
fn join_by_engine(results: &Results, area: &Area<'_>) -> Done {
    let time = |report: &Report| Some((report.engine.clone(), report.figure(Workload::ThreeHops)?.ns_per_row));
    let mut times: Vec<(String, f64)> = results.main().filter_map(time).collect();
    times.sort_by(|a, b| b.1.total_cmp(&a.1));
    let range = decades(times.iter().map(|(_, time)| *time));
    // Room for the figure behind the longest bar.
    let range = range.start.min(1.0)..range.end * 2.0;
    let title = format!("line → order → customer → nation, prices summed by nation: {} lines", grouped(results.lines));
    let bars = times.len() as f64;
    let mut chart = ChartBuilder::on(area)
        .caption(title, (FONT, 18))
        .margin(12)
        .margin_right(24)
        .x_label_area_size(44)
        .y_label_area_size(150)
        .build_cartesian_2d(range.clone().log_scale(), 0.0..bars)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(0)
        .x_desc("nanoseconds for each line, one thread where none are named (log scale)")
        .x_label_formatter(&|value| written_out(*value))
        .light_line_style(WHITE)
        .bold_line_style(GREY.mix(0.25))
        .label_style((FONT, 14))
        .draw()?;
    for (place, (engine, time)) in times.iter().enumerate() {
        let place = place as f64;
        let bar = [(range.start, place + 0.18), (*time, place + 0.82)];
        chart.draw_series([Rectangle::new(bar, colour(results, engine).mix(0.85).filled())])?;
        let middle = text_style(14).pos(beside(HPos::Left));
        chart.draw_series([Text::new(format!(" {}", short(*time)), (*time, place + 0.5), middle)])?;
        let at = chart.backend_coord(&(range.start, place + 0.5));
        let name = text_style(14).pos(beside(HPos::Right));
        area.draw(&Text::new(engine.clone(), (at.0 - 8, at.1), name))?;
    }
    Ok(())
}

fn text_style(size: i32) -> TextStyle<'static> {
    (FONT, size).into_font().color(&BLACK)
}

/// Text in the middle of its line, whose left or right end is where it is put.
fn beside(horizontal: HPos) -> Pos {
    Pos::new(horizontal, VPos::Center)
}

/// 1,000,000 as `10⁶`: what a log axis is labelled with.
fn power(value: f64) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    #[expect(clippy::cast_sign_loss, reason = "axes begin at one row")]
    let exponent = value.log10().round() as usize;
    format!("10{}", exponent.to_string().bytes().map(|digit| DIGITS[usize::from(digit - b'0')]).collect::<String>())
}

/// What an engine takes for a workload, by the number of lines there are: of siblings, where they are what counts.
fn points(results: &Results, engine: &str, workload: Workload, value: fn(&Figure) -> f64) -> Vec<(f64, f64)> {
    let reports = results.reports.iter().filter(|report| report.engine == engine);
    let figures = reports.filter_map(|report| Some((report.lines, report.figure(workload)?)));
    let rows = |lines, figure: &Figure| if workload == Workload::DeleteHot { figure.rows } else { lines };
    let mut points: Vec<(f64, f64)> =
        figures.map(|(lines, figure)| (rows(lines, figure) as f64, value(figure))).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    // The tables and the plots may have been measured at nearly the same number.
    points.dedup_by(|next, point| next.0 < point.0 * 1.1);
    points
}

/// The engines that were measured at several numbers of rows, in the order of the tables.
fn engines_by_rows(results: &Results) -> Vec<&str> {
    let mut engines: Vec<&str> = results.reports.iter().map(|report| report.engine.as_str()).collect();
    engines.dedup();
    engines.retain(|engine| results.reports.iter().filter(|report| report.engine == *engine).count() > 1);
    engines
}

/// Time by rows, both logarithmic.
fn join_by_rows(results: &Results, area: &Area<'_>) -> Done {
    let series: Vec<(&str, Vec<(f64, f64)>)> = engines_by_rows(results)
        .into_iter()
        .map(|engine| {
            (engine, points(results, engine, Workload::ThreeHops, |join| join.rows as f64 * join.ns_per_row / 1e6))
        })
        .collect();
    let all = || series.iter().flat_map(|(_, points)| points);
    let mut chart = ChartBuilder::on(area)
        .caption("line → order → customer → nation, prices summed by nation", (FONT, 18))
        .margin(12)
        .margin_right(24)
        .x_label_area_size(44)
        .y_label_area_size(70)
        .build_cartesian_2d(
            decades(all().map(|point| point.0)).log_scale(),
            decades(all().map(|point| point.1)).log_scale(),
        )?;
    chart
        .configure_mesh()
        .x_desc("line items")
        .y_desc("milliseconds for the join, one thread")
        .x_label_formatter(&|value| power(*value))
        .y_label_formatter(&|value| written_out(*value))
        .light_line_style(WHITE)
        .bold_line_style(GREY.mix(0.25))
        .label_style((FONT, 14))
        .draw()?;
    for (engine, points) in &series {
        let style = colour(results, engine).stroke_width(if *engine == RELATA { 3 } else { 2 });
        let is_stopped = results.skipped.iter().any(|(skipped, _)| skipped == engine);
        let label =
            if is_stopped { format!("{engine} (✕: the next would take too long)") } else { (*engine).to_owned() };
        chart
            .draw_series(LineSeries::new(points.clone(), style).point_size(3))?
            .label(label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], style));
        let end = points.last().copied().filter(|_| is_stopped);
        chart.draw_series(end.map(|end| Cross::new(end, 7, style)))?;
    }
    legend(&mut chart)
}

fn legend<'a, 'b, X, Y>(chart: &mut ChartContext<'a, SVGBackend<'b>, Cartesian2d<X, Y>>) -> Done
where
    'b: 'a,
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.9))
        .border_style(GREY.mix(0.4))
        .label_font((FONT, 14))
        .margin(8)
        .draw()?;
    Ok(())
}

/// The cost of a row by number of rows: a panel for each workload, relata beside plain arrays.
fn cost_by_rows(results: &Results, area: &Area<'_>) -> Done {
    let workloads = Workload::ALL;
    let area = area.titled("nanoseconds for each row by number of rows (both logarithmic)", (FONT, 18))?;
    for (panel, workload) in area.split_evenly((4, 3)).into_iter().zip(workloads) {
        let series: Vec<(&str, Vec<(f64, f64)>)> = [RELATA, ARRAYS]
            .into_iter()
            .map(|engine| (engine, points(results, engine, workload, |figure| figure.ns_per_row)))
            .filter(|(_, points)| !points.is_empty())
            .collect();
        let all = || series.iter().flat_map(|(_, points)| points);
        let mut chart = ChartBuilder::on(&panel)
            .caption(workload.name(), (FONT, 15))
            .margin(8)
            .margin_right(16)
            .x_label_area_size(26)
            .y_label_area_size(44)
            .build_cartesian_2d(
                decades(all().map(|point| point.0)).log_scale(),
                decades(all().map(|point| point.1)).log_scale(),
            )?;
        chart
            .configure_mesh()
            .x_label_formatter(&|value| power(*value))
            .y_label_formatter(&|value| written_out(*value))
            .light_line_style(WHITE)
            .bold_line_style(GREY.mix(0.25))
            .label_style((FONT, 12))
            .draw()?;
        for (engine, points) in &series {
            let style = colour(results, engine).stroke_width(2);
            chart
                .draw_series(LineSeries::new(points.clone(), style).point_size(3))?
                .label(*engine)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        }
        if workload == Workload::Load {
            legend(&mut chart)?;
        }
    }
    Ok(())
}

/// 0.1, 1, 10, 1,000: a power of ten as a person writes it.
fn written_out(value: f64) -> String {
    #[expect(clippy::cast_sign_loss, reason = "axes begin above nothing")]
    if value < 1.0 { value.to_string() } else { grouped(value.round() as usize) }
}
