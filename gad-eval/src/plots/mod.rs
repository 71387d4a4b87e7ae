//! Pictures of evaluations, as PNG and SVG.

mod curves;
mod diagram;
mod distribution;
mod heat;
mod spots;

use std::path::Path;
use std::sync::Once;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::element::{Drawable, PointCollection};
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

pub use curves::{CalibrationPlot, CurvePlot, NamedCurve, PrecisionRecallPlot, RocPlot};
pub use diagram::CriticalDifferencePlot;
pub use distribution::DistributionPlot;
pub use heat::HeatPlot;
pub use spots::SpotPlot;

use crate::file::replace;
use crate::{Error, Result};

/// Inter Medium, Latin and Greek.
const FONT: &[u8] = include_bytes!("../../fonts/inter-medium-latin.otf");

/// What a reader of SVG should look for.
const FONT_STACK: &str = "Inter, 'Helvetica Neue', Helvetica, Arial, 'Noto Sans', sans-serif";

/// A PNG has this many pixels for each unit of length, so that it is sharp on fine screens.
const SHARPNESS: u32 = 2;

/// Drawn larger than shown and averaged, which is what makes slanted lines smooth.
const OVERSAMPLING: u32 = 2;

pub(crate) const INK: RGBColor = RGBColor(31, 41, 55);
pub(crate) const FAINT: RGBColor = RGBColor(107, 114, 128);
pub(crate) const RULE: RGBColor = RGBColor(229, 231, 235);
/// What is normal, and the first of several.
pub(crate) const NORMAL: RGBColor = RGBColor(37, 99, 235);
/// What is an anomaly.
pub(crate) const ANOMALY: RGBColor = RGBColor(220, 38, 38);

/// Height of a line with names, in units.
const LINE: u32 = 20;

/// Colors that people with any kind of color vision tell apart (Okabe & Ito 2008), in another order.
pub(crate) const SERIES: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
    RGBColor(148, 148, 148),
];

/// Where a plot is drawn, whatever becomes of it: lengths are multiplied by `scale`.
pub struct Canvas<'a, B: DrawingBackend> {
    area: &'a DrawingArea<B, Shift>,
    scale: f64,
}

/// What can go wrong while drawing.
type Drawn<B> = std::result::Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

impl<B: DrawingBackend> Canvas<'_, B> {
    /// `length` units in pixels.
    fn px(&self, length: f64) -> i32 {
        (length * self.scale).round() as i32
    }

    /// A line `width` units wide.
    fn stroke(&self, color: impl Color, width: f64) -> ShapeStyle {
        color.stroke_width(self.px(width).max(1) as u32)
    }

    /// Draws a shape whose places are pixels.
    fn draw<'b, E>(&self, element: &'b E) -> Drawn<B>
    where
        &'b E: PointCollection<'b, (i32, i32)>,
        E: Drawable<B>,
    {
        self.area.draw(element)
    }

    /// Writes `text` with the upper left corner at a pixel.
    fn write(&self, text: &str, style: &TextStyle<'_>, at: (i32, i32)) -> Drawn<B> {
        self.area.draw_text(text, style, at)
    }

    /// Text `size` units high.
    fn text(&self, size: f64, color: RGBColor) -> TextStyle<'static> {
        ("Inter", self.px(size)).into_font().color(&color)
    }
}

/// A plot: pure data, drawn when it is asked for.
pub trait Plot {
    /// Width and height in units, of which a screen shows 96 to an inch.
    fn size(&self) -> (u32, u32) {
        (720, 540)
    }

    /// Whether its colors are values, which a page that is dark must not change.
    fn colors_are_values(&self) -> bool {
        false
    }

    /// Draws it.
    ///
    /// # Errors
    ///
    /// What the backend fails with.
    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Drawn<B>;

    /// It as SVG.
    fn svg(&self) -> String {
        prepare();
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, self.size()).into_drawing_area();
            // Writing to a string cannot fail.
            let drawn =
                area.fill(&WHITE).and_then(|()| self.draw(&Canvas { area: &area, scale: 1.0 }));
            drawn.and_then(|()| area.present()).expect("a string should take all that is written");
        }
        svg.replace("font-family=\"Inter\"", &format!("font-family=\"{FONT_STACK}\""))
    }

    /// It as PNG.
    ///
    /// # Errors
    ///
    /// [`Error::BadFile`] if the picture is too large to encode.
    fn png(&self) -> Result<Vec<u8>> {
        prepare();
        let (width, height) = (self.size().0 * SHARPNESS, self.size().1 * SHARPNESS);
        let fine = (width * OVERSAMPLING, height * OVERSAMPLING);
        let mut pixels = vec![255; (fine.0 * fine.1 * 3) as usize];
        {
            let area = BitMapBackend::with_buffer(&mut pixels, fine).into_drawing_area();
            let scale = f64::from(SHARPNESS * OVERSAMPLING);
            let drawn = self.draw(&Canvas { area: &area, scale }).and_then(|()| area.present());
            drawn.expect("memory should take all that is drawn");
        }
        let mut bytes = Vec::new();
        encode(&averaged(&pixels, fine.0), width, height, &mut bytes)
            .map_err(|error| Error::bad_file(Path::new("plot.png"), error.to_string()))?;
        Ok(bytes)
    }

    /// Writes it to `path`, as SVG by that suffix, else as PNG.
    ///
    /// # Errors
    ///
    /// [`Error::File`], and as [`Plot::png`].
    fn write(&self, path: &Path) -> Result<()> {
        use std::io::Write;
        let bytes = match path.extension().is_some_and(|suffix| suffix == "svg") {
            true => self.svg().into_bytes(),
            false => self.png()?,
        };
        replace(path, |file| file.write_all(&bytes))
    }
}

/// Makes the font known, once.
fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let known = register_font("Inter", FontStyle::Normal, FONT);
        assert!(known.is_ok(), "the bundled font should be one");
    });
}

/// The mean of each square of pixels, in sRGB as plotters blends.
fn averaged(pixels: &[u8], width: u32) -> Vec<u8> {
    let (width, side) = (width as usize, OVERSAMPLING as usize);
    let rows = pixels.chunks_exact(3 * width * side);
    rows.flat_map(|rows| {
        (0..width / side).flat_map(move |x| {
            (0..3).map(move |channel| {
                let square = (0..side).flat_map(|y| (0..side).map(move |dx| (y, dx)));
                let sum: u32 = square
                    .map(|(y, dx)| u32::from(rows[3 * (y * width + x * side + dx) + channel]))
                    .sum();
                ((sum + (side * side / 2) as u32) / (side * side) as u32) as u8
            })
        })
    })
    .collect()
}

fn encode(
    rgb: &[u8],
    width: u32,
    height: u32,
    bytes: &mut Vec<u8>,
) -> std::result::Result<(), png::EncodingError> {
    let mut encoder = png::Encoder::new(bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rgb)?;
    writer.finish()
}

/// Writes a title over the top left corner and returns what is below.
fn titled<B: DrawingBackend>(
    canvas: &Canvas<'_, B>,
    title: &str,
    subtitle: &str,
) -> std::result::Result<DrawingArea<B, Shift>, DrawingAreaErrorKind<B::ErrorType>> {
    let left = canvas.px(24.0);
    canvas.area.draw_text(title, &canvas.text(19.0, INK), (left, canvas.px(20.0)))?;
    canvas.area.draw_text(subtitle, &canvas.text(13.0, FAINT), (left, canvas.px(45.0)))?;
    Ok(canvas.area.clone().margin(
        canvas.px(70.0),
        canvas.px(16.0),
        canvas.px(20.0),
        canvas.px(24.0),
    ))
}

/// Axes of a chart.
struct Axes<'a> {
    /// What is across, which may be empty, and about how many ticks there are.
    x: (&'a str, usize),
    /// The same upwards.
    y: (&'a str, usize),
    /// Whether lines go through the chart from the ticks of either axis.
    lines: (bool, bool),
    /// Texts of the ticks across; those upwards are numbers.
    x_text: &'a dyn Fn(&f64) -> String,
}

/// Draws the axes of a chart, and the lines behind it.
fn mesh<B: DrawingBackend>(
    canvas: &Canvas<'_, B>,
    chart: &mut ChartContext<'_, B, Cartesian2d<RangedCoordf64, RangedCoordf64>>,
    axes: &Axes<'_>,
) -> Drawn<B> {
    let mut mesh = chart.configure_mesh();
    if !axes.lines.0 {
        mesh.disable_x_mesh();
    }
    if !axes.lines.1 {
        mesh.disable_y_mesh();
    }
    mesh.bold_line_style(canvas.stroke(RULE, 1.0))
        .light_line_style(TRANSPARENT)
        .axis_style(canvas.stroke(FAINT, 1.0))
        .set_all_tick_mark_size(canvas.px(6.0))
        .x_labels(axes.x.1)
        .y_labels(axes.y.1)
        .x_label_formatter(axes.x_text)
        .y_label_formatter(&tick)
        .label_style(canvas.text(12.0, FAINT))
        .axis_desc_style(canvas.text(13.0, INK));
    if !axes.x.0.is_empty() {
        mesh.x_desc(axes.x.0);
    }
    if !axes.y.0.is_empty() {
        mesh.y_desc(axes.y.0);
    }
    mesh.draw()
}

/// The text of a tick: as few digits as tell it from its neighbors.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "plotters gives references to formatters")]
fn tick(value: &f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e5).contains(&size) {
        return format!("{value:.0e}");
    }
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.replace('-', "−") }
}
