/** Bits of a quiet NaN, for kernels that must write one: WGSL has no literal for it, and adapters may compute none. */
export const NAN_BITS = 0x7fc0_0000;
