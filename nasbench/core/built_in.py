"""The parts that come with nasbench, by kind: name -> (the module whose import registers it, one line on it)."""

from collections.abc import Mapping

Parts = Mapping[str, tuple[str, str]]

SPACES: Parts = {
    "nasnet": (
        "search_spaces.nasnet.space",
        "two cells of five blocks, 13 operations, add or concatenate (Zoph et al. 2018)",
    ),
    "nasnet-small": (
        "search_spaces.nasnet_small.space",
        "one cell of two blocks, 4 operations: 2,178 networks, with a table of trainings",
    ),
    "mbconv": (
        "search_spaces.mbconv.space",
        "seven stages of mobile blocks; holds MnasNet-A1, B1 and EfficientNet-B0 (Tan et al. 2019)",
    ),
    "nasbench201": (
        "search_spaces.nasbench201.space",
        "a cell of 6 edges, 5 operations, 15,625 cells (Dong and Yang 2020)",
    ),
    "enas-micro": (
        "search_spaces.enas_micro.space",
        "two cells of five blocks, 5 operations, which add (Pham et al. 2018)",
    ),
    "enas-macro": (
        "search_spaces.enas_macro.space",
        "a network of 12 layers, 6 operations, any earlier layers joined (Pham et al. 2018)",
    ),
    "nas-rl": (
        "search_spaces.nas_rl.space",
        "layer by layer: filters of 1 to 7 pixels, their number, skips from any earlier layer (Zoph and Le 2017)",
    ),
}
STRATEGIES: Parts = {
    "ppo": (
        "nasbench.strategies.controller.ppo",
        "a controller (an LSTM, or a table of logits) trained by proximal policy optimisation, as NASNet's",
    ),
    "reinforce": (
        "nasbench.strategies.controller.reinforce",
        "a controller (an LSTM, or a table of logits) trained by REINFORCE (Zoph and Le 2017)",
    ),
    "random": ("nasbench.strategies.random", "every decision drawn uniformly: the control"),
    "evolution": (
        "nasbench.strategies.evolution",
        "regularised evolution: the oldest dies, however good (Real et al. 2019)",
    ),
    "local_search": (
        "nasbench.strategies.local_search",
        "to a better neighbour while there is one (White et al. 2021)",
    ),
    "predictor": (
        "nasbench.strategies.predictor.strategy",
        "Gaussian processes on the encoding, the most promising next (White et al. 2021)",
    ),
    "tpe": (
        "nasbench.strategies.libraries.optuna_sampler",
        "multivariate tree-structured Parzen estimator, by Optuna (Bergstra et al. 2011)",
    ),
    "nsga2": (
        "nasbench.strategies.libraries.optuna_sampler",
        "evolution towards a Pareto front, by Optuna (Deb et al. 2002)",
    ),
    "asha": ("nasbench.strategies.asha", "more epochs for the best of each rung, without waiting (Li et al. 2020)"),
    "enas": (
        "nasbench.strategies.controller.enas",
        "ENAS's controller; goes on where the training of the supernet left it (Pham et al. 2018)",
    ),
}
STRATEGY_FAMILIES = {
    "optuna": "nasbench.strategies.libraries.optuna_any:sampler_named",
    "ray": "nasbench.strategies.libraries.ray_any:searcher_named",
}
"""Samplers of other libraries as strategies, FAMILY:NAME."""
EVALUATORS: Parts = {
    "train": (
        "nasbench.evaluators.training",
        "trains the child under the recipe and scores it on the validation split",
    ),
    "table": ("nasbench.evaluators.table", "looks the child up in a table of known results (table:FILE)"),
    "proxy": (
        "nasbench.evaluators.proxies.evaluator",
        "scores the child without training it (proxy:NAME; see: nasbench list proxies)",
    ),
    "supernet": (
        "nasbench.evaluators.inherited",
        "scores the child by the weights it inherits from a trained supernet (supernet:RUN)",
    ),
}
PROXIES: Parts = {
    "az-nas": (
        "nasbench.evaluators.proxies.az_nas",
        "ranks by expressivity, progressivity, trainability and multiply-adds (Lee and Ham 2024)",
    ),
    "fisher": (
        "nasbench.evaluators.proxies.fisher",
        "squared activation times gradient, channel by channel (Turner et al. 2020)",
    ),
    "grad_norm": ("nasbench.evaluators.proxies.grad_norm", "norm of the loss's gradient (Abdelfattah et al. 2021)"),
    "jacob_cov": (
        "nasbench.evaluators.proxies.jacob_cov",
        "how little the Jacobians of images correlate (Mellor et al. 2020)",
    ),
    "macs": ("nasbench.evaluators.proxies.macs", "multiply-adds of one image"),
    "naswot": (
        "nasbench.evaluators.proxies.naswot",
        "how well ReLUs tell the images of a batch apart (Mellor et al. 2021)",
    ),
    "params": ("nasbench.evaluators.proxies.params", "trainable parameters"),
    "snip": ("nasbench.evaluators.proxies.snip", "weight times gradient of the loss (Lee et al. 2019)"),
    "synflow": (
        "nasbench.evaluators.proxies.synflow",
        "weight times gradient of the absolute network, without data (Tanaka et al. 2020)",
    ),
    "zico": (
        "nasbench.evaluators.proxies.zico",
        "mean over deviation of gradients between two batches (Li et al. 2023)",
    ),
}
DATASETS: Parts = {
    "digits": (
        "nasbench.train.datasets",
        "1,797 real scans of digits that come with scikit-learn: nothing to download",
    ),
    "cifar10": ("nasbench.train.datasets", "60,000 colour images of 10 classes, 32 px (Krizhevsky 2009)"),
    "cifar100": ("nasbench.train.datasets", "60,000 colour images of 100 classes, 32 px (Krizhevsky 2009)"),
    "mnist": ("nasbench.train.datasets", "70,000 handwritten digits, 28 px (LeCun et al. 1998)"),
    "fashion-mnist": ("nasbench.train.datasets", "70,000 articles of clothing, 28 px (Xiao et al. 2017)"),
    "imagenet": ("nasbench.train.folders", "ILSVRC in folders: train/<wnid>, val/<wnid>"),
    "folder": (
        "nasbench.train.folders",
        "folder:PATH with train/<class> and val/<class>, test/<class> too, or <class> alone",
    ),
    "shards": ("nasbench.train.shards", "shards:PATH with train/*.tar and val/*.tar, as WebDataset writes them"),
}
RECIPES: Parts = {
    "nasnet_proxy": ("nasbench.train.recipes", "20 epochs, cosine, N=2, F=32: the proxy task of the NASNet search"),
    "resnet_cifar": (
        "nasbench.train.whole_recipes",
        "182 epochs, steps at a half and three quarters (He et al. 2016)",
    ),
    "wrn_cifar": (
        "nasbench.train.whole_recipes",
        "200 epochs, steps of a fifth, Nesterov (Zagoruyko and Komodakis 2016)",
    ),
    "nasnet_cifar": (
        "nasbench.train.whole_recipes",
        "600 epochs, cosine, ScheduledDropPath, auxiliary head (Zoph et al. 2018)",
    ),
    "cifar_fast": (
        "nasbench.train.whole_recipes",
        "15 epochs, one cycle, smoothing, averaged weights: for ranking",
    ),
    "amoebanet_cifar": (
        "nasbench.train.searched_recipes",
        "600 epochs, cosine, ScheduledDropPath to 0.7 (Real et al. 2019)",
    ),
    "nasnet_mobile": (
        "nasbench.train.searched_recipes",
        "ImageNet: RMSProp, 0.97 every 2.4 epochs, batch 1,600 (Zoph et al. 2018)",
    ),
    "nasnet_large": (
        "nasbench.train.searched_recipes",
        "the same with ScheduledDropPath, for 331 px (Zoph et al. 2018)",
    ),
    "efficientnet": (
        "nasbench.train.searched_recipes",
        "ImageNet: RMSProp, AutoAugment, batch 2,048 (Tan and Le 2019)",
    ),
    "imagenet": ("nasbench.train.whole_recipes", "90 epochs, steps every 30 (He et al. 2016)"),
    "photo_fast": (
        "nasbench.train.whole_recipes",
        "30 epochs, one cycle, crops, averaged weights: photographs in folders",
    ),
    "supernet": (
        "nasbench.train.shared_recipes",
        "100 epochs, cosine, Nesterov, batch 64: shared weights of a space (Dong and Yang 2020)",
    ),
    "supernet_fast": (
        "nasbench.train.shared_recipes",
        "30 epochs, cosine from 0.1, nothing augmented: shared weights in an hour",
    ),
    "enas_micro": (
        "nasbench.train.shared_recipes",
        "150 epochs, cosine with restarts, batch 160: shared weights of enas-micro (Pham et al. 2018)",
    ),
    "enas_macro": (
        "nasbench.train.shared_recipes",
        "310 epochs, cosine with restarts, batch 128: shared weights of enas-macro (Pham et al. 2018)",
    ),
    "enas_micro_final": (
        "nasbench.train.shared_recipes",
        "630 epochs, cosine with restarts, ScheduledDropPath, auxiliary head, cutout (Pham et al. 2018)",
    ),
    "enas_macro_final": (
        "nasbench.train.shared_recipes",
        "310 epochs, cosine with restarts, dropout: networks of enas-macro (Pham et al. 2018)",
    ),
    "nas_rl": (
        "nasbench.train.recipes",
        "50 epochs, Nesterov, steps: the children of the first search (Zoph and Le 2017)",
    ),
    "alexnet": ("nasbench.train.winners_recipes", "90 epochs, /10 at each plateau, batch 128 (Krizhevsky et al. 2012)"),
    "vgg": (
        "nasbench.train.winners_recipes",
        "74 epochs, /10 at each plateau, batch 256, scale jitter (Simonyan and Zisserman 2015)",
    ),
    "googlenet": (
        "nasbench.train.winners_recipes",
        "4 % lower every 8 epochs, auxiliary heads at 0.3, averaged weights (Szegedy et al. 2015)",
    ),
    "resnet_plateau": (
        "nasbench.train.winners_recipes",
        "120 epochs, 0.1 and /10 at each plateau, batch 256: ResNet in practice (He et al. 2016)",
    ),
    "quick": ("nasbench.train.recipes", "small children on part of the images: a look at the whole path"),
    "nasnet_small": ("nasbench.train.recipes", "the trainings of table:nasnet-small-cifar10"),
    "airbench": ("nasbench.train.airbench_recipes", "8 epochs, Muon, alternating flips: CIFAR fast (Jordan 2024)"),
    "airbench_long": ("nasbench.train.airbench_recipes", "45 epochs of the same, cutout (Jordan 2024)"),
}
EXECUTORS: Parts = {
    "local": ("nasbench.executors.local", "one evaluation after another in this process"),
    "ray": ("nasbench.executors.ray_tune", "Ray workers on this machine or on a cluster"),
    "processes": ("nasbench.executors.processes", "processes on this machine, without Ray"),
}
TRACKERS: Parts = {
    "console": ("nasbench.trackers.console", "progress on the terminal"),
    "wandb": ("nasbench.trackers.wandb", "Weights & Biases, online or offline"),
    "tensorboard": ("nasbench.trackers.tensorboard", "event files under RUN/tensorboard"),
    "mlflow": ("nasbench.trackers.mlflow", "MLflow, at MLFLOW_TRACKING_URI or in a file beside the run"),
    "csv": ("nasbench.trackers.csv_file", "RUN/series.csv, a line for each value"),
}
PRUNERS: Parts = {
    "median": ("nasbench.strategies.median", "stops a child below the median of the others (Golovin et al. 2017)")
}
LOSSES: Parts = {"cross_entropy": ("nasbench.train.losses", "cross-entropy, with the recipe's label smoothing")}
OPTIMIZERS: Parts = {
    "sgd": (
        "nasbench.train.optimizers.built_in",
        "gradient descent with momentum, Nesterov's if the recipe says so",
    ),
    "rmsprop": ("nasbench.train.optimizers.built_in", "RMSProp as TensorFlow defines it, epsilon inside the root"),
    "adamw": (
        "nasbench.train.optimizers.built_in",
        "Adam with decoupled weight decay (Loshchilov and Hutter 2019)",
    ),
    "muon": ("nasbench.train.optimizers.built_in", "orthogonal momentum for filters (Jordan et al. 2024)"),
}
SCHEDULES: Parts = {
    "cosine": ("nasbench.train.schedules", "half a cosine from the peak to lr_final (Loshchilov and Hutter 2017)"),
    "one_cycle": (
        "nasbench.train.schedules",
        "a rise from a 25th of the peak, then a cosine (Smith and Topin 2019)",
    ),
    "steps": ("nasbench.train.schedules", "multiplied by lr_gamma at each of lr_milestones (He et al. 2016)"),
    "exponential": ("nasbench.train.schedules", "multiplied by lr_gamma every lr_decay_epochs (Tan and Le 2019)"),
    "constant": ("nasbench.train.schedules", "the peak all the way"),
    "cosine_restarts": (
        "nasbench.train.schedules",
        "cosines from the peak, each longer than the one before (Loshchilov and Hutter 2017)",
    ),
    "plateau": (
        "nasbench.train.plateau",
        "multiplied by lr_gamma after lr_patience epochs in which lr_metric did not improve (He et al. 2016)",
    ),
    "linear": ("nasbench.train.schedules", "a straight line from the peak to lr_final"),
}
SAMPLERS: Parts = {
    "uniform": ("nasbench.samplers.uniform", "every network equally often, however it is spelled (Guo et al. 2020)"),
    "fair": ("nasbench.samplers.fair", "every option of every decision once a step: FairNAS (Chu et al. 2021)"),
    "enas": ("nasbench.samplers.enas", "a controller's draws; it learns in turns with the weights (Pham et al. 2018)"),
    "sandwich": (
        "nasbench.samplers.sandwich",
        "the largest, the smallest and random networks of elastic sizes (Yu and Huang 2019)",
    ),
}
REWARDS: Parts = {
    "accuracy": ("nasbench.rewards.accuracy", "the evaluator's score as it is: of a training, its validation accuracy"),
    "max-last-5-cubed": (
        "nasbench.rewards.max_of_last",
        "the highest validation accuracy of the last five epochs, cubed (Zoph and Le 2017)",
    ),
    "soft-target": (
        "nasbench.rewards.targets",
        "accuracy x (cost/T)^-0.07 for each target, as macs=400M: a price for every cost (Tan et al. 2019)",
    ),
    "hard-target": (
        "nasbench.rewards.targets",
        "accuracy x T/cost where a cost is above its target, as macs=400M; else accuracy (Tan et al. 2019)",
    ),
}
LAWS: Parts = {
    "compound": ("nasbench.laws.compound", "EfficientNet's 1.2, 1.1, 1.15 to the power of phi (Tan and Le 2019)"),
    "dWr": ("nasbench.laws.fast", "fast compound scaling: eight tenths of the growth in width (Dollar et al. 2021)"),
    "dwr": ("nasbench.laws.uniform", "uniform compound scaling: a third of the growth in each (Dollar et al. 2021)"),
    "depth": ("nasbench.laws.single", "depth alone"),
    "width": ("nasbench.laws.single", "width alone"),
    "resolution": ("nasbench.laws.single", "resolution alone"),
    "efficientnet": ("nasbench.laws.efficientnet", "the table B0 to B7 (Tan and Le 2019)"),
    "efficientnet-x-tpu": ("nasbench.laws.efficientnet_x", "the table b1 to b7 for a TPU (Li et al. 2021)"),
    "efficientnet-x-gpu": ("nasbench.laws.efficientnet_x", "the table b1 to b7 for a GPU (Li et al. 2021)"),
    "efficientnetv2": ("nasbench.laws.efficientnetv2", "the networks S, M and L (Tan and Le 2021)"),
    "efficientnetv2-b": ("nasbench.laws.efficientnetv2", "the networks B0 to B3 of the second version"),
    "resnet-rs": ("nasbench.laws.resnet_rs", "depth, and resolution slowly: 50@160 to 420@320 (Bello et al. 2021)"),
    "tinynet": ("nasbench.laws.tinynet", "smaller than B0: the table A to E (Han et al. 2020)"),
    "regnet-x": ("nasbench.laws.regnet", "RegNetX by its own rule, 400MF to 32GF (Radosavovic et al. 2020)"),
    "regnet-y": ("nasbench.laws.regnet", "RegNetY by its own rule, 400MF to 32GF (Radosavovic et al. 2020)"),
}
