import { createHash } from "node:crypto";

import type { CodegenConfig } from "@graphql-codegen/cli";

/** What a document is called in the manifest of those that the server trusts. */
const documentId = (document: string): string => `sha256:${createHash("sha256").update(document).digest("hex")}`;

/** Each operation in `src` becomes a string that knows the types of its variables and of its answer. */
const config: CodegenConfig = {
  schema: "../../../schema.graphql",
  documents: "src/**/*.ts",
  generates: {
    "generated/codegen/": {
      preset: "client",
      presetConfig: {
        fragmentMasking: false,
        persistedDocuments: { hashAlgorithm: documentId, hashPropertyName: "documentId" },
      },
      config: {
        documentMode: "string",
        enumsAsTypes: true,
        useTypeImports: true,
        strictScalars: true,
        scalars: {
          CurrencyCode: "string",
          Date: "string",
          DateTime: "string",
          Decimal: "string", // exact; add them up with a library for decimals
          EmailAddress: "string",
          ID: "string",
          JSON: "unknown",
          PhoneNumber: "string",
          Position: "number",
          UUID: "string",
        },
      },
    },
  },
  importExtension: ".js",
};

export default config;
