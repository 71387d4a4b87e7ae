//! Steps of ForceAtlas2 on a device.

fn main() {
    use graphlume::layout::{Config, Device, Layout, Repulsion};
    let args: Vec<String> = std::env::args().collect();
    let graph = graphlume::read(&args[1], &graphlume::ReadOptions::default()).unwrap().0;
    let device = Device::parse(&args[2]).unwrap();
    let steps: usize = args[3].parse().unwrap();
    let config = Config { repulsion: Repulsion::Approximate, ..Config::default() };
    let mut layout = Layout::builder(&graph).config(config).device(device).build().unwrap();
    let mut total = 0.0;
    for step in 0..steps {
        let begin = std::time::Instant::now();
        let report = *layout.step().unwrap();
        let t = begin.elapsed().as_secs_f64();
        total += t;
        if step % (steps / 20).max(1) == 0 || step < 8 {
            println!(
                "{step}: {:.1} ms way/leaf {:.2}",
                t * 1e3,
                report.mean_displacement / (report.radius * (32.0 / graph.n_nodes() as f64).sqrt())
            );
        }
    }
    println!("total {total:.1} s");
}
