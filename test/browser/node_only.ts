/** Which tests run in a page as well, and why the others of those folders do not. */

/** Kernels, tape, runtime, models and golden data: all of these files run unchanged in Chromium, but for those below. */
export const IN_BOTH = ['test/{kernels,runtime,model,golden}/**/*.test.ts'];

export const NODE_ONLY: Readonly<Record<string, string>> = {
  'test/kernels/generated.test.ts': 'reads the kernel sources from the disk; needs no adapter',
  'test/kernels/races.test.ts': 'runs kernels in lockstep on the CPU, from the disk; needs no adapter',
  'test/runtime/open.test.ts': "finds Node's adapters, in processes of their own",
  'test/runtime/first_launch.test.ts': "fills a driver's cache through Node's devices",
  'test/model/safetensors.test.ts': 'writes files and kills the process that writes them',
  'test/model/files/open_weights_file.test.ts':
    'files and folders on the disk; their contents are read in both',
  'test/model/files/torch_load.test.ts': 'asks a PyTorch beside it to open what was written',
  'test/model/backbones.test.ts':
    'VGG16 and Inception-v3 whole: two minutes on SwiftShader; their layers run in both',
  'test/golden/end_to_end.test.ts': "the command line's training run, on folders of pictures",
  'test/golden/full_networks.test.ts': 'VGG16 and Inception-v3 whole, as above',
};
