module.exports = {
  mode: 'production',
  entry: './page/main.mjs',
  output: { filename: 'main.js', module: true },
  experiments: { outputModule: true },
  performance: false,
};
