/**
 * The editor writes style sheets of its own. The page's content security policy lets in those that know its nonce,
 * which is another one each time: so all that scripts make are given it. (Scripts need none: they are all files.)
 */
const { nonce } = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")!;
const create = document.createElement;

document.createElement = function (this: Document, name: string, options?: ElementCreationOptions) {
  const element = create.call(this, name, options);
  if (element instanceof HTMLStyleElement) element.nonce = nonce;
  return element;
} as typeof create;
