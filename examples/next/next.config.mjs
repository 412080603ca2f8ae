export default { serverExternalPackages: ['latformer'] };
