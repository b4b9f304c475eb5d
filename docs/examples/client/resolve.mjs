/** Lets Node import what a bundler would find: `./x` is `./x.js` or `./x/index.js`. */
export async function resolve(specifier, context, next) {
  for (const end of specifier.startsWith(".") ? ["", ".js", "/index.js"] : [""]) {
    try {
      return await next(specifier + end, context);
    } catch (error) {
      if (!["ERR_MODULE_NOT_FOUND", "ERR_UNSUPPORTED_DIR_IMPORT"].includes(error.code)) throw error;
    }
  }
  return next(specifier, context);
}
