//! Steps of ForceAtlas2 on a device (development version).

fn main() {
    use graphlume::layout::{Config, Device, Layout, Repulsion};
    let args: Vec<String> = std::env::args().collect();
    let graph = graphlume::read(&args[1], &graphlume::ReadOptions::default()).unwrap().0;
    let device = Device::parse(&args[2]).unwrap();
    let steps: usize = args[3].parse().unwrap();
    let config = Config { repulsion: Repulsion::Approximate, ..Config::default() };
    let mut layout = Layout::builder(&graph).config(config).build().unwrap();
    for _ in 0..steps {
        layout.step().unwrap();
    }
    let [x, y] = layout.positions().unwrap();
    let mass: Vec<f32> = layout.masses().iter().map(|&m| m as f32).collect();
    let n = graph.n_nodes();
    let edgeless = graphlume::Graph::from_coo(
        graphlume::graph::Coo::new(n, vec![], vec![], None).unwrap(),
        false,
    );
    let sample: Vec<usize> = (0..n).step_by((n / 1000).max(1)).collect();
    let exact: Vec<[f64; 2]> = sample
        .iter()
        .map(|&i| {
            let mut f = [0.0; 2];
            for j in 0..n {
                if j != i {
                    let (dx, dy) =
                        (f64::from(x[i]) - f64::from(x[j]), f64::from(y[i]) - f64::from(y[j]));
                    let d2 = dx * dx + dy * dy;
                    if d2 > 0.0 {
                        let k = 2.0 * f64::from(mass[i]) * f64::from(mass[j]) / d2;
                        f[0] += k * dx;
                        f[1] += k * dy;
                    }
                }
            }
            f
        })
        .collect();
    for theta in [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9] {
        for d in [Device::Cpu, device] {
            let config = Config {
                repulsion: Repulsion::Approximate,
                theta,
                gravity: 0.0,
                ..Config::default()
            };
            let mut probe = Layout::builder(&edgeless)
                .config(config)
                .positions(x, y)
                .masses(&mass)
                .device(d)
                .build()
                .unwrap();
            probe.step().unwrap();
            let f = probe.forces().unwrap();
            let begin = std::time::Instant::now();
            probe.step().unwrap();
            let t = begin.elapsed().as_secs_f64();
            let mut e: Vec<f64> = sample
                .iter()
                .zip(&exact)
                .map(|(&i, e)| (f[i][0] - e[0]).hypot(f[i][1] - e[1]) / e[0].hypot(e[1]).max(1e-30))
                .collect();
            let rms = (e.iter().map(|e| e * e).sum::<f64>() / e.len() as f64).sqrt();
            e.sort_by(f64::total_cmp);
            println!(
                "theta {theta} {d}: rms {:.4} % p95 {:.4} % max {:.3} %  {:.1} ms",
                100.0 * rms,
                100.0 * e[e.len() * 95 / 100],
                100.0 * e[e.len() - 1],
                t * 1e3
            );
        }
    }
}
