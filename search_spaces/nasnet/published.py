"""Published cells and their cards, as in the official releases. See `verified` and `note` of each card."""

from dataclasses import dataclass

from nasbench.core.spec import ModelCard, Result, Size, Task
from search_spaces.nasnet.genotype import Block, CellGenotype, Genotype
from search_spaces.nasnet.sizes import Rules


@dataclass(frozen=True)
class Published:
    """A published network. `rules` names the release whose stem, input calibration and auxiliary head it has."""

    genotype: Genotype
    size: Size
    rules: Rules
    card: ModelCard


def _cell(blocks: str, outputs: tuple[int, ...]) -> CellGenotype:
    """'op input + op input, ...' -> a cell whose blocks add."""
    parsed = []
    for block in blocks.split(","):
        left, right = (edge.split() for edge in block.split("+"))
        parsed.append(Block(int(left[1]), int(right[1]), left[0], right[0]))
    return CellGenotype(tuple(parsed), outputs)


NASNET_A = Genotype(
    normal=_cell(
        "sep_5x5 0 + sep_3x3 1, sep_5x5 1 + sep_3x3 1, avg_3x3 0 + identity 1, avg_3x3 1 + avg_3x3 1, "
        "sep_3x3 0 + identity 0",
        outputs=(1, 2, 3, 4, 5, 6),
    ),
    reduce=_cell(
        "sep_5x5 0 + sep_7x7 1, max_3x3 0 + sep_7x7 1, avg_3x3 0 + sep_5x5 1, identity 3 + avg_3x3 2, "
        "sep_3x3 2 + max_3x3 0",
        outputs=(3, 4, 5, 6),
    ),
)
AMOEBANET_A = Genotype(
    normal=_cell(
        "avg_3x3 0 + max_3x3 0, sep_3x3 1 + identity 1, identity 0 + avg_3x3 1, sep_3x3 0 + sep_5x5 2, "
        "avg_3x3 5 + sep_3x3 0",
        outputs=(1, 3, 4, 6),
    ),
    reduce=_cell(
        "sep_3x3 1 + avg_3x3 0, max_3x3 0 + sep_7x7 2, max_3x3 1 + max_3x3 0, sep_3x3 4 + bottleneck_1x7_7x1 0, "
        "avg_3x3 1 + sep_7x7 0",
        outputs=(2, 3, 4, 5, 6),
    ),
)
AMOEBANET_B = Genotype(
    normal=_cell(
        "conv_1x1 1 + max_3x3 1, identity 1 + sep_3x3 0, conv_1x1 1 + sep_3x3 0, conv_1x1 2 + identity 2, "
        "avg_3x3 1 + conv_1x1 5",
        outputs=(0, 3, 4, 6),
    ),
    reduce=_cell(
        "max_2x2 0 + max_3x3 0, identity 2 + bottleneck_3x3 1, dil_sep_5x5 2 + max_3x3 2, identity 3 + sep_3x3 1, "
        "avg_3x3 4 + conv_1x1 3",
        outputs=(5, 6),
    ),
)
AMOEBANET_C = Genotype(
    normal=_cell(
        "avg_3x3 0 + sep_3x3 0, identity 0 + sep_3x3 0, avg_3x3 2 + sep_3x3 1, identity 0 + sep_3x3 1, "
        "avg_3x3 3 + sep_3x3 0",
        outputs=(1, 2, 4, 5, 6),
    ),
    reduce=_cell(
        "max_3x3 0 + max_3x3 0, sep_7x7 2 + sep_3x3 0, sep_7x7 0 + max_3x3 1, sep_5x5 4 + sep_5x5 4, "
        "max_3x3 1 + sep_3x3 1",
        outputs=(0, 2, 3, 4, 5, 6),
    ),
)
AMOEBANET_D = Genotype(
    normal=_cell(
        "conv_1x1 1 + max_3x3 1, identity 1 + bottleneck_1x7_7x1 0, conv_1x1 0 + bottleneck_1x7_7x1 0, "
        "max_3x3 2 + identity 2, avg_3x3 1 + conv_1x1 5",
        outputs=(0, 3, 4, 6),
    ),
    reduce=_cell(
        "max_2x2 0 + max_3x3 0, identity 2 + bottleneck_3x3 1, bottleneck_1x7_7x1 2 + max_3x3 2, "
        "identity 3 + max_2x2 1, avg_3x3 2 + conv_1x1 3",
        outputs=(4, 5, 6),
    ),
)
# The released script numbers h_prev 0 and h 1; the numbers are swapped here.
ENAS = Genotype(
    normal=_cell(
        "avg_3x3 1 + sep_3x3 1, identity_factorized 1 + sep_5x5 1, identity_factorized 1 + sep_5x5 0, "
        "sep_3x3 0 + sep_5x5 1, avg_3x3 1 + sep_5x5 0",
        outputs=(2, 3, 4, 5, 6),
    ),
    reduce=_cell(
        "sep_3x3 0 + sep_3x3 0, max_3x3 1 + avg_3x3 1, sep_5x5 0 + sep_5x5 3, sep_3x3 0 + identity_factorized 1, "
        "max_3x3 1 + sep_5x5 0",
        outputs=(2, 4, 5, 6),
    ),
)
# DARTS' genotypes also number h_prev 0 and h 1; the numbers are swapped here.
NASNET_A_DARTS = Genotype(
    normal=CellGenotype(NASNET_A.normal.blocks, outputs=(2, 3, 4, 5, 6)),
    reduce=CellGenotype(NASNET_A.reduce.blocks, outputs=(4, 5, 6)),
)
AMOEBANET_A_DARTS = Genotype(
    normal=_cell(
        "avg_3x3 1 + max_3x3 0, sep_3x3 1 + sep_5x5 2, sep_3x3 1 + avg_3x3 3, sep_3x3 0 + identity 0, "
        "identity 1 + avg_3x3 0",
        outputs=(4, 5, 6),
    ),
    reduce=_cell(
        "avg_3x3 1 + sep_3x3 0, max_3x3 1 + sep_7x7 2, sep_7x7 1 + avg_3x3 0, max_3x3 1 + max_3x3 0, "
        "conv_1x7_7x1 1 + sep_3x3 5",
        outputs=(3, 4, 6),
    ),
)
# The cells that DARTS found, by the first-order (V1) and the second-order approximation (V2).
DARTS_V1 = Genotype(
    normal=_cell(
        "sep_3x3 0 + sep_3x3 1, skip_factorized 1 + sep_3x3 0, skip_factorized 1 + sep_3x3 0, "
        "sep_3x3 1 + skip_factorized 2",
        outputs=(2, 3, 4, 5),
    ),
    reduce=_cell(
        "max_3x3_centred 1 + max_3x3_centred 0, skip_factorized 2 + max_3x3_centred 1, "
        "max_3x3_centred 1 + skip_factorized 2, skip_factorized 2 + avg_3x3_centred 1",
        outputs=(2, 3, 4, 5),
    ),
)
DARTS_V2 = Genotype(
    normal=_cell(
        "sep_3x3 1 + sep_3x3 0, sep_3x3 1 + sep_3x3 0, sep_3x3 0 + skip_factorized 1, "
        "skip_factorized 1 + dil_sep_3x3_once 2",
        outputs=(2, 3, 4, 5),
    ),
    reduce=_cell(
        "max_3x3_centred 1 + max_3x3_centred 0, skip_factorized 2 + max_3x3_centred 0, "
        "max_3x3_centred 1 + skip_factorized 2, skip_factorized 2 + max_3x3_centred 0",
        outputs=(2, 3, 4, 5),
    ),
)

NASNET_PAPER = "Zoph, Vasudevan, Shlens and Le, CVPR 2018, arXiv:1707.07012"
AMOEBANET_PAPER = "Real, Aggarwal, Huang and Le, AAAI 2019, arXiv:1802.01548"
ENAS_PAPER = "Pham, Guan, Zoph, Le and Dean, ICML 2018, arXiv:1802.03268"
DARTS_PAPER = "Liu, Simonyan and Yang, ICLR 2019, arXiv:1806.09055"
DARTS_NOTE = (
    "Not the original: DARTS' re-encoding of it, which wires or concatenates other states. "
    "Its cells are built here by the NASNet release's rules, so that only the wiring differs."
)


def _card(
    name: str,
    paper: str,
    year: int,
    params: int,
    macs: int,
    results: tuple[Result, ...] = (),
    agrees: str = "",
    note: str = "",
) -> ModelCard:
    """A card with counts of the built network. `agrees` names the published counts that they agree with."""
    text = " ".join(filter(None, (agrees and agrees + ".", note)))
    return ModelCard(name, "nasnet cells", paper, year, Task(), params, macs, results, verified="C", note=text)


def _size(cells: int, filters: int) -> Size:
    return Size(cells, filters, skeleton="cifar")


PUBLISHED: dict[str, Published] = {
    "nasnet-a": Published(
        NASNET_A,
        _size(6, 32),
        "nasnet",
        _card(
            "nasnet-a",
            NASNET_PAPER,
            2018,
            3_346_538,
            544_333_312,
            (
                Result("cifar10_error", 3.41, "Table 1, 6@768, mean of 5 runs", "P"),
                Result("cifar10_error_cutout", 2.65, "Table 1, 6@768 + cutout, mean of 5 runs", "P"),
                Result("top1_error", 17.3, "Table 2, 6@4032 at 331 px", "P"),
                Result("top5_error", 3.8, "Table 2, 6@4032 at 331 px", "P"),
                Result("top1_error_mobile", 26.0, "Table 3, 4@1056 at 224 px", "P"),
                Result("top5_error_mobile", 8.4, "Table 3, 4@1056 at 224 px", "P"),
            ),
            "6@768 has the paper's 3.3M parameters; 4@1056 its 5.3M and 564M multiply-adds; 6@4032 its 88.9M with "
            "running statistics",
            "The normal cell also puts out h_prev, the reduction cell its second block, although both are used.",
        ),
    ),
    "amoebanet-a": Published(
        AMOEBANET_A,
        _size(6, 36),
        "amoebanet",
        _card(
            "amoebanet-a",
            AMOEBANET_PAPER,
            2019,
            3_218_266,
            509_668_992,
            (
                Result("cifar10_error", 3.34, "DARTS, Table 1, (6, 36)", "P"),
                Result("top1_error", 17.2, "text, (6, 190) at 331 px", "P"),
                Result("top5_error", 3.9, "text, (6, 190) at 331 px", "P"),
                Result("top1_error_mobile", 25.5, "supplement, (4, 50) at 224 px", "P"),
                Result("top5_error_mobile", 8.0, "supplement, (4, 50) at 224 px", "P"),
            ),
            "(6, 36) has the published 3.2M parameters; (4, 50) at 224 px the 5.1M and 555M multiply-adds",
        ),
    ),
    "amoebanet-b": Published(
        AMOEBANET_B,
        _size(6, 36),
        "amoebanet",
        _card(
            "amoebanet-b",
            AMOEBANET_PAPER,
            2019,
            2_839_186,
            454_925_952,
            (
                Result("cifar10_error_cutout", 2.55, "DARTS, Table 1, (6, 36) + cutout", "P"),
                Result("top1_error_mobile", 26.0, "supplement, (3, 62) at 224 px", "P"),
                Result("top5_error_mobile", 8.5, "supplement, (3, 62) at 224 px", "P"),
            ),
            "(6, 36) has the published 2.8M parameters; (3, 62) at 224 px the 5.3M and 555M multiply-adds",
        ),
    ),
    "amoebanet-c": Published(
        AMOEBANET_C,
        _size(6, 36),
        "amoebanet",
        _card(
            "amoebanet-c",
            AMOEBANET_PAPER,
            2019,
            3_979_126,
            609_700_896,
            (
                Result("top1_error_mobile", 24.3, "supplement, (4, 50) at 224 px", "P"),
                Result("top5_error_mobile", 7.6, "supplement, (4, 50) at 224 px", "P"),
            ),
            "(4, 50) at 224 px has the published 6.4M parameters, but 677M multiply-adds instead of 570M",
            "No CIFAR-10 form was published; 6 cells and F = 36 as for B.",
        ),
    ),
    "amoebanet-d": Published(
        AMOEBANET_D,
        _size(6, 36),
        "amoebanet",
        _card(
            "amoebanet-d",
            AMOEBANET_PAPER,
            2019,
            2_378_350,
            381_050_496,
            note="Wiring from the authors' release; the paper reports no result of it. 6 cells and F = 36 as for B.",
        ),
    ),
    "enas": Published(
        ENAS,
        _size(5, 36),
        "enas",
        _card(
            "enas",
            ENAS_PAPER,
            2018,
            3_894_372,
            620_907_552,
            (
                Result("cifar10_error", 3.54, "Table 2, micro space", "S"),
                Result("cifar10_error_cutout", 2.89, "abstract, micro space + cutout", "S"),
            ),
            "4,389,220 parameters with its auxiliary head",
            "The cell and the form of the released script; the paper's 4.6M parameters are not reproduced by it.",
        ),
    ),
    "darts-v1": Published(
        DARTS_V1,
        _size(6, 36),
        "darts",
        _card(
            "darts-v1",
            DARTS_PAPER,
            2019,
            3_169_414,
            500_987_520,
            (Result("cifar10_error_cutout", 3.00, "Table 1, first order + cutout, mean of 10 runs", "P"),),
            "The released network has as many parameters, and 476,426 more with its auxiliary head",
            "The paper's 3.3M parameters are not reproduced by it.",
        ),
    ),
    "darts-v2": Published(
        DARTS_V2,
        _size(6, 36),
        "darts",
        _card(
            "darts-v2",
            DARTS_PAPER,
            2019,
            3_349_342,
            528_359_040,
            (
                Result("cifar10_error_cutout", 2.76, "Table 1, second order + cutout, mean of 10 runs", "P"),
                Result("top1_error_mobile", 26.7, "Table 3, 14 cells at 224 px", "P"),
                Result("top5_error_mobile", 8.7, "Table 3, 14 cells at 224 px", "P"),
            ),
            "The release prints 3.349342M, without the 476,426 of its auxiliary head; (4, 48) at 224 px has its 4.719M",
            "The paper's 574M multiply-adds at 224 px are not reproduced: the released network has 529,911,552.",
        ),
    ),
    "nasnet-a-darts": Published(
        NASNET_A_DARTS,
        _size(6, 36),
        "nasnet",
        _card("nasnet-a-darts", DARTS_PAPER, 2019, 3_849_742, 622_548_000, note=DARTS_NOTE),
    ),
    "amoebanet-a-darts": Published(
        AMOEBANET_A_DARTS,
        _size(6, 36),
        "nasnet",
        _card("amoebanet-a-darts", DARTS_PAPER, 2019, 3_155_950, 499_548_384, note=DARTS_NOTE),
    ),
}
