"""The items of the lectures, each with the command that shows it and what that prints.

An item is shown in one of four ways. `quick` and `slow` items are run by `tests/unit/test_lectures.py`, in the suite of
that name, and have to print what stands here. `elsewhere` names the test that holds it. `why_not` says why nothing
shows it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """What the lectures say or draw, the command (without `nasbench`), and pieces of what it prints."""

    says: str
    command: str = ""
    prints: tuple[str, ...] = ()
    slow: bool = False
    elsewhere: str = ""
    why_not: str = ""


@dataclass(frozen=True)
class Theme:
    """A section of the guide: its heading, what a student reads before the commands, and its items."""

    heading: str
    text: str
    items: tuple[Item, ...]


def card(says: str, name: str, *prints: str) -> Item:
    """An item that a network's card shows."""
    return Item(says, f"zoo {name}", prints)


def profiled(says: str, model: str, *prints: str) -> Item:
    """An item that a profile shows."""
    return Item(says, f"profile {model}", prints, slow=True)


def plot(says: str, kind: str) -> Item:
    """An item that is a chart."""
    return Item(says, f"zoo --plot {kind} --out {kind}.svg", (f"{kind}.svg",), slow=True)


IMAGENET = Theme(
    "The ILSVRC, and the winners",
    "Winning entries were ensembles from 2012 on; the chart says so, and sets single networks beside them. "
    "`nasbench zoo` lists every network with its published errors, and where they are from.",
    (
        plot("the winners of 2010 to 2017, and people at 5.1 %", "ilsvrc"),
        plot("the revolution of depth: 8, 19, 22, 152 layers", "depth"),
        plot("accuracy against operations, bubbles by the memory of the weights", "complexity"),
        plot("44 times less compute to AlexNet's level in seven years", "efficiency"),
    ),
)
EARLY = Theme(
    "LeNet-5, AlexNet, ZFNet",
    "The published AlexNet has two towers and local response normalisation; today's libraries have the one tower "
    "of 2014. ZFNet stands here in both forms: the paper's table, and its best network, which lectures draw.",
    (
        card("LeNet-5 has 60,000 parameters", "lenet5_original", "60,000"),
        card("the same with dense C3 and ten outputs", "lenet5", "61,706"),
        card("AlexNet has 60 million parameters; 17.0 % top-5 in 2010", "alexnet_two_tower", "60,965,224", "17 %"),
        profiled("CONV1 of AlexNet: 96 maps of 55 x 55, 35K parameters", "zoo:alexnet_two_tower", "96x55x55", "34,944"),
        card("AlexNet in one tower", "alexnet", "61,100,840", "43.478 %"),
        card("AlexNet with batch normalisation", "alexnet_bn", "61,119,528"),
        card("ZFNet, 384-384-256", "zfnet", "62,357,608"),
        card("ZFNet, CONV3-5 with 512, 1024, 512 filters", "zfnet_wide", "107,627,624"),
    ),
)
VGG = Theme(
    "VGG",
    "Memory lies in the first layers, parameters in the first dense one. The printed table of both is set beside "
    "the counted one in [the arithmetic of the slides](lectures_arithmetic.md).",
    (
        card("VGG-16 has 138 million parameters", "vgg16", "138,357,544", "27 %"),
        card("VGG-19", "vgg19", "143,667,240", "27.3 %"),
        card("local response normalisation does not help", "vgg11_lrn", "29.7 %"),
        card("column C, with 1x1 convolutions", "vgg16_c", "133,638,952"),
        profiled("most memory is in early CONV layers, most parameters in late FC", "zoo:vgg16", "102,764,544"),
        profiled("with batch normalisation", "zoo:vgg16_bn", "138,365,992"),
    ),
)
INCEPTION = Theme(
    "Network in network, GoogLeNet, Inception",
    "A naive module costs 854 million multiply-adds, one with 1x1 reductions 271 million (slides print 358). "
    "Inception-v2's modules factorise large kernels; each stands here beside the one that does not.",
    (
        card("NiN: 1x1 convolutions, global average pooling", "nin", "966,986"),
        card("GoogLeNet: 5 million parameters (7.0)", "googlenet", "6,998,552", "1,582,671,872"),
        card("auxiliary classifiers", "googlenet_aux", "13,378,280"),
        card("a naive module: 854M operations", "inception_naive", "854,196,224"),
        card("with 1x1 bottlenecks: 358M operations", "inception_reduced", "271,351,808", "358M"),
        card("a 5x5 convolution", "inception_5x5", "203,213,760"),
        card("... as two 3x3", "inception_5x5_as_3x3", "184,397,760"),
        card("a 7x7 convolution", "inception_7x7", "376,432,512"),
        card("... as 1x7 and 7x1", "inception_7x7_as_1x7", "111,273,856"),
        card("a 3x3 convolution", "inception_3x3", "201,334,272"),
        card("... as 1x3 beside 3x1", "inception_3x3_as_1x3", "88,088,064"),
        card("batch normalisation: BN-Inception", "bn_inception", "11,295,240"),
        card("Inception-v3", "inception_v3", "23,834,568", "21.2 %"),
        card("Inception-v4", "inception_v4", "42,679,816", "20 %"),
        card("Inception with shortcuts", "inception_resnet_v2", "55,843,464", "19.9 %"),
        card("Xception", "xception", "22,855,952", "21 %"),
    ),
)
RESNET = Theme(
    "ResNet",
    "Deeper plain networks train worse; shortcuts mend it. Shortcuts without parameters (option A) leave the "
    "counts of the plain network.",
    (
        card("a plain network of 34 layers", "plain34", "21,623,848", "28.54 %"),
        card("... with shortcuts", "resnet34_a", "21,623,848", "25.03 %"),
        card("ResNet-50: bottlenecks", "resnet50", "25,557,032", "24.7 %"),
        card("ResNet-152", "resnet152", "60,192,808", "23 %"),
        card("plain on CIFAR-10, 56 layers", "plain56", "853,018"),
        card("ResNet-20 on CIFAR-10", "resnet20", "269,722", "8.75 %"),
        card("ResNet-110", "resnet110", "1,727,962", "6.43 %"),
        card("1,202 layers are worse than 110", "resnet1202", "19,421,274", "7.93 %"),
    ),
)
AFTER_RESNET = Theme(
    "After ResNet",
    "Order of the layers, width, cardinality, depth that is dropped, dense connections, gates.",
    (
        card("identity mappings: full pre-activation", "preresnet164", "1,703,258", "5.46 %"),
        card("1,001 layers", "preresnet1001", "10,327,706", "4.92 %"),
        card("ResNet-200", "resnet200", "64,673,832"),
        card("ResNet-200, pre-activated", "preresnet200", "64,666,152", "21.66 %"),
        card("wide residual networks", "wrn_28_10", "36,479,194", "4 %"),
        card("WRN-50-2 beats ResNet-152", "wrn_50_2", "68,883,240", "21.9 %"),
        Item(
            "WRN-68-3, of the fusion of 2016",
            why_not="not built: its units and their division among the stages were not published",
        ),
        card("ResNeXt-50, cardinality 32", "resnext50_32x4d", "25,028,904", "22.2 %"),
        card("ResNeXt-101 64x4d", "resnext101_64x4d", "83,455,272", "20.4 %"),
        card("ResNeXt-152, the base of SENet-154", "resnext152_64x4d", "114,971,944"),
        card("stochastic depth", "resnet110_stochastic_depth", "1,727,962", "5.25 %"),
        card("DenseNet-121", "densenet121", "7,978,856"),
        card("DenseNet-BC, 190 layers, growth 40", "densenet_bc_190_40", "25,624,430", "3.46 %"),
        card("SENet, the winner of 2017", "senet154", "115,088,984", "4.47 %"),
        card("gates on ResNet-50", "se_resnet50", "28,088,024"),
    ),
)
SMALL = Theme(
    "Small and fast networks",
    "Fire modules, depthwise convolutions, shuffled groups, linear bottlenecks.",
    (
        card("SqueezeNet: 50 times fewer parameters than AlexNet", "squeezenet1_0", "1,248,424"),
        card("SqueezeNet 1.1", "squeezenet1_1", "1,235,496", "349,151,936"),
        card("SqueezeNet with simple bypasses", "squeezenet1_0_bypass", "1,248,424"),
        Item(
            "SqueezeNet with complex bypasses",
            why_not="not built: 1x1 convolutions around fire 2, 4, 6 and 8, as published code has them, give 1,589,672 "
            "parameters, 6.1 MB by the count that gives the paper's 4.8 MB without; the paper prints 7.7 MB",
        ),
        card("ENet on the charts of Canziani et al.", "enet", "467,156"),
        card("MobileNet", "mobilenet_v1", "4,231,976", "568,740,352"),
        card("MobileNetV2", "mobilenet_v2", "3,504,872", "300,774,272"),
        card("ShuffleNet", "shufflenet_v1_g3_x2_0", "5,448,208", "26.3 %"),
        card("ShuffleNetV2", "shufflenet_v2_x1_0", "2,278,604"),
    ),
)
SEARCH = Theme(
    "Neural architecture search",
    "`nasbench search` is the whole path: a controller proposes cells, children are trained, the best is scaled "
    "and transferred. The published cells are here exactly; `nasbench profile` builds them at any size.",
    (
        card("NAS with RL, version 1: 4.2 million parameters", "nas-v1", "4,201,630"),
        Item("a controller, an LSTM trained by PPO or REINFORCE", "list strategies", ("ppo", "reinforce", "enas")),
        card("NASNet-A 6@768: 3.3 million parameters", "nasnet-a", "3,346,538"),
        card("NASNet-A large, 6@4032", "nasnetalarge", "88,753,150", "17.3 %"),
        profiled("NASNet-A mobile, 4@1056", "space:nasnet:nasnet-a --stack 4@1056 --image-size 224", "5,289,978"),
        profiled(
            "NASNet-A 5@1538 (24 x 64 = 1536; the paper prints 10.9M)",
            "space:nasnet:nasnet-a --stack 5@1536 --image-size 299",
            "12,263,416",
        ),
        profiled(
            "NASNet-A 7@1920 by the released rules (the paper prints 22.6M)",
            "space:nasnet:nasnet-a --stack 7@1920 --image-size 299",
            "24,613,292",
        ),
        card("AmoebaNet-A: evolution", "amoebanet-a", "3,218,266"),
        card("PNASNet", "pnasnet5large", "86,057,668", "17.1 %"),
        card("ENAS", "enas", "3,894,372"),
        card("MnasNet-A1", "mnasnet_a1", "3,887,038", "24.8 %"),
        Item("a search, from the controller to the best cell", elsewhere="tests/e2e/test_search.py"),
        Item("the cell that was found, transferred at another depth and width", elsewhere="tests/e2e/test_transfer.py"),
        Item("shared weights", elsewhere="tests/e2e/test_weight_sharing.py"),
        Item("is it better than random search? a race", elsewhere="tests/e2e/test_race.py"),
    ),
)
SCALING = Theme(
    "Compound scaling",
    "One dimension alone saturates; all three together do not. The paper's tables are counted again in [scaling "
    "tables](scaling_tables.md).",
    (
        plot("scaling width, depth, resolution, or all", "scaling"),
        card("EfficientNet-B0", "efficientnet_b0", "5,288,548", "385,814,752"),
        card("EfficientNet-B7", "efficientnet_b7", "66,347,960", "15.7 %"),
        Item("alpha 1.2, beta 1.1, gamma 1.15", "scale --phi 1", ("1.2", "1.1", "1.15"), slow=True),
        Item("B3 is not alpha to the power of phi", "scale --published b3", ("12,233,232",), slow=True),
        Item("a search for alpha, beta and gamma", elsewhere="tests/e2e/test_scale.py"),
    ),
)
TOKENS = Theme(
    "Transformers, MLPs, and what followed",
    "Patches instead of pixels, attention instead of convolution; then neither; then state spaces. Networks on "
    "fixed patches are built for one image size.",
    (
        plot("pre-training data against accuracy: what could be verified", "pre-training"),
        Item(
            "the whole chart of ViT's pre-training, few-shot curves included",
            why_not="its numbers were found in no public table; the chart has the five that were",
        ),
        card("ViT-B/16: 86 million parameters", "vit_b_16", "86,567,656"),
        card("ViT-H/14: 632 million", "vit_h_14", "632,045,800"),
        card("DeiT: ViTs for ImageNet alone", "deit_small", "22,050,664", "20.1 %"),
        card("... distilled", "deit_small_distilled", "22,436,432", "18.8 %"),
        card("Swin: windows that shift", "swin_t", "28,288,354"),
        card("RegNetY: a design space as four numbers", "regnet_y_400mf", "4,344,144", "25.954 %"),
        card("EfficientNetV2-S", "efficientnetv2_s", "21,458,488", "16.1 %"),
        card("ConvNeXt-T", "convnext_tiny", "28,589,128"),
        card("ConvNeXt-L", "convnext_large", "197,767,336"),
        card("MLP-Mixer B/16", "mixer_b16", "59,880,472"),
        card("ResMLP", "resmlp_24", "30,020,680"),
        card("gMLP", "gmlp_s", "19,422,656"),
        card("S2-MLP: shifts mix tokens", "s2mlp_deep", "10,462,682,112"),
        card("CycleMLP", "cyclemlp_b1", "15,155,400", "21.1 %"),
        card("Vision Permutator", "vip_s7", "25,114,984", "18.5 %"),
        card("PoolFormer: pooling mixes tokens", "poolformer_s12", "11,915,176", "22.76 %"),
        card("ConvMixer", "convmixer_1536_20", "51,625,960", "18.63 %"),
        card("Vision Mamba, tiny", "vim_tiny", "7,148,008", "23.9 %"),
        card("Vision Mamba, small", "vim_small", "25,796,584", "19.5 %"),
    ),
)
USED = Theme(
    "Trained, tested, and used again",
    "What the winners' papers say of schedules, crops and ensembles, and what else a trained network gives. [Testing "
    "networks](testing_networks.md) has each measured on digits and on photographs.",
    (
        Item(
            "AlexNet's, VGG's, GoogLeNet's and ResNet's recipes",
            "list recipes",
            ("alexnet", "vgg", "googlenet", "resnet_plateau"),
        ),
        Item(
            "the rate divided by ten where the validation error is on a plateau",
            elsewhere="tests/unit/test_train_plateau.py",
        ),
        Item("ten crops, several scales, dense evaluation", elsewhere="tests/unit/test_views.py"),
        Item("ensembles of seeds and of networks, averaged or weighted", elsewhere="tests/e2e/test_tested_networks.py"),
        Item("features of a layer, probes and neighbours: which layer to use", elsewhere="tests/unit/test_features.py"),
        Item("normalisation folded into convolutions for testing", elsewhere="tests/unit/test_folding.py"),
        Item(
            "how much to fine-tune, by the number of images and their likeness: `nasbench transfer --advise`",
            elsewhere="tests/unit/test_transfer_ways.py",
        ),
        Item(
            "a linear classifier, the top, or everything: which is best, over seeds: `nasbench transfer --auto`",
            elsewhere="tests/unit/test_transfer_ways.py",
        ),
    ),
)
THEMES = (IMAGENET, EARLY, VGG, INCEPTION, RESNET, AFTER_RESNET, SMALL, SEARCH, SCALING, TOKENS, USED)
