"""The largest memory of this process while a large network classifies a few random images, as the final test does.

python benchmarks/evaluation_memory.py efficientnet_b7 600 --images 3
"""

import argparse
import json
import resource
from time import perf_counter

import torch

import zoo
from nasbench.train.data import ImageData, Split
from nasbench.train.evaluation import predict


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network")
    parser.add_argument("pixels", type=int)
    parser.add_argument("--images", type=int, default=4)
    asked = parser.parse_args()
    side = asked.pixels
    images = torch.randint(256, (asked.images, 3, side, side), dtype=torch.uint8)
    split = Split(images, torch.arange(asked.images))
    names = tuple(map(str, range(1000)))
    data = ImageData("random", split, split, (0.5,) * 3, (0.25,) * 3, names, side)
    network = zoo.create(asked.network, num_classes=1000, image_size=side)
    start = perf_counter()
    predict(network, split, data, torch.device("cpu"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    told = {"network": asked.network, "pixels": side, "images": asked.images, "peak_gib": round(peak, 2)}
    print(json.dumps({**told, "seconds": round(perf_counter() - start, 1)}))


if __name__ == "__main__":
    main()
