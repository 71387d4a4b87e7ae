//! What tests of layouts share.

use gpu_layout::Config;

/// Every option away from its default, alone and all together.
pub(crate) fn variants() -> Vec<Config> {
    let changes: [fn(&mut Config); 11] = [
        |_| {},
        |c| c.scaling = 10.0,
        |c| c.gravity = 5.0,
        |c| c.strong_gravity = true,
        |c| c.lin_log = true,
        |c| c.dissuade_hubs = true,
        |c| c.edge_weight_influence = 0.0,
        |c| c.edge_weight_influence = 1.7,
        |c| c.normalize_weights = true,
        |c| c.invert_weights = true,
        |c| c.jitter_tolerance = 0.3,
    ];
    let mut configs = Vec::new();
    for adjust_sizes in [false, true] {
        let mut all = Config { adjust_sizes, ..Config::default() };
        for change in changes {
            let mut config = Config { adjust_sizes, ..Config::default() };
            change(&mut config);
            configs.push(config);
            change(&mut all);
        }
        configs.push(all);
    }
    configs
}
