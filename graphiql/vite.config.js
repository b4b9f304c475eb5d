import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const fonts = join(here, "node_modules/.fonts");

/** Fonts come inside GraphiQL's style sheets; as files of our own the page may load them from nowhere else. */
const fontsAsFiles = {
  name: "fonts-as-files",
  enforce: "pre",
  transform(code, id) {
    if (!/\/font\/[\w-]+\.css$/.test(id)) return null;
    mkdirSync(fonts, { recursive: true });
    let count = 0;
    return code.replace(/url\(data:font\/(woff2?);base64,([^)]+)\)/g, (_, type, encoded) => {
      const file = join(fonts, `${basename(id, ".css")}-${++count}.${type}`);
      writeFileSync(file, Buffer.from(encoded, "base64"));
      return `url(${relative(dirname(id), file)})`;
    });
  },
};

/** What the page was built from, so that a test can tell, without Node, whether it is built from what is here. */
const sources = {
  name: "sources",
  generateBundle() {
    const hash = createHash("sha256");
    const src = readdirSync(join(here, "src"), { recursive: true, withFileTypes: true });
    const files = src.filter((each) => each.isFile()).map((each) => relative(here, join(each.parentPath, each.name)));
    for (const file of [...files, "index.html", "package-lock.json", "package.json", "vite.config.js"].sort()) {
      hash.update(`${file}\n`).update(readFileSync(join(here, file)));
    }
    this.emitFile({ type: "asset", fileName: "sources.sha256", source: `${hash.digest("hex")}\n` });
  },
};

export default defineConfig({
  plugins: [fontsAsFiles, sources],
  base: "./",
  // The page is at …/graphql, its files at …/graphql/assets/: whatever the server is mounted under.
  experimental: {
    renderBuiltUrl: (file, { hostType }) => (hostType === "html" ? `graphql/${file}` : { relative: true }),
  },
  worker: { format: "es" },
  build: {
    outDir: join(here, "../pages/graphiql"),
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 5000,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // What is not ours stays the same, and cached, when ours changes.
        codeSplitting: {
          groups: [
            { name: "monaco", test: /node_modules\/monaco-/, priority: 2 },
            { name: "vendor", test: /node_modules\/(?!prettier)/, priority: 1 },
          ],
        },
      },
      onwarn: (warning, warn) => warning.code !== "MODULE_LEVEL_DIRECTIVE" && warn(warning), // "use client" means nothing here
    },
    license: { fileName: "LICENSES.md" },
  },
});
