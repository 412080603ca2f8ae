// Numbers in rows, as transformers.js gives them.

type Nested = number[] | Nested[];

export class Tensor<Stats> {
  readonly type = 'float32';
  readonly dims: readonly number[];
  readonly data: Float32Array;
  declare readonly stats?: readonly Stats[];

  constructor(dims: readonly number[], data: Float32Array, stats?: readonly Stats[]) {
    this.dims = dims;
    this.data = data;
    if (stats !== undefined) Object.defineProperty(this, 'stats', { value: stats, enumerable: true });
  }

  get size(): number {
    return this.data.length;
  }

  tolist(): Nested {
    const nested = (depth: number, data: Float32Array): Nested => {
      const rows = this.dims[depth] ?? 0;
      if (depth === this.dims.length - 1) return Array.from(data);
      const size = data.length / rows;
      return Array.from({ length: rows }, (_, row) => nested(depth + 1, data.subarray(row * size, (row + 1) * size)));
    };
    return nested(0, this.data);
  }
}
