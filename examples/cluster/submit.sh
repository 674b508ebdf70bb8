#!/bin/bash
# Submits a search to a Ray cluster that runs, through its dashboard, which listens on the head's loopback interface:
#
#     ssh -N -L 8265:127.0.0.1:8265 HEAD &          (or: ray dashboard examples/cluster/ray-cluster.yaml)
#     examples/cluster/submit.sh
#
# The token is read from ~/.ray/auth_token. The search goes on if this machine is switched off: ray job logs, ray job status.
set -euo pipefail
export RAY_AUTH_MODE=token

ray job submit --address http://127.0.0.1:8265 --no-wait -- \
    nasbench search --space nasnet --strategy ppo --dataset cifar10 --data-dir /shared/data --trials 1000 \
    --workers auto --gpus-per-worker 0.5 --ray-address auto --run /shared/runs/nasnet --wandb off
