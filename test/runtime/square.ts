import { waitPolitely } from '../../src/runtime/polite_waiting.node.ts';

/** Squares 2, 3 and 4 on the device, the smallest proof that it computes, and destroys it. */
export async function square(device: GPUDevice): Promise<number[]> {
  const module = device.createShaderModule({
    code: `@group(0) @binding(0) var<storage, read_write> x: array<f32>;
      @compute @workgroup_size(3) fn main(@builtin(global_invocation_id) id: vec3u) { x[id.x] *= x[id.x]; }`,
  });
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
  const storage = device.createBuffer({ size: 12, usage: 0x80 | 0x8 | 0x4 }); // STORAGE | COPY_DST | COPY_SRC
  const result = device.createBuffer({ size: 12, usage: 0x1 | 0x8 }); // MAP_READ | COPY_DST
  device.queue.writeBuffer(storage, 0, Float32Array.of(2, 3, 4));
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [{ binding: 0, resource: { buffer: storage } }],
    }),
  );
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(storage, 0, result, 0, 12);
  device.queue.submit([encoder.finish()]);
  await waitPolitely(result.mapAsync(1));
  const values = [...new Float32Array(result.getMappedRange())];
  device.destroy();
  return values;
}
