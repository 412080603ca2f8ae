// What calls take around the core, beyond what a call without any text does: conversion, statistics, messages that wait.
// A latency budget has to cover it, too.
//
// The largest but one of the last 64 calls, as core/elimination/time/margin.h has it for the core's own time.

const calls = 64;

export class Overhead {
  readonly #milliseconds = Array<number>(calls).fill(0);
  #next = 0; // the oldest

  observe(milliseconds: number): void {
    this.#milliseconds[this.#next] = Math.max(0, milliseconds);
    this.#next = (this.#next + 1) % calls;
  }

  get milliseconds(): number {
    return [...this.#milliseconds].sort((a, b) => a - b)[calls - 2] ?? 0;
  }
}
