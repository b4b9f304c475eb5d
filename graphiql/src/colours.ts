/** The editor's colours: those of GraphiQL, with our own where GraphiQL has its pink. See also style.css. */
import { useGraphiQL, useGraphiQLActions, useMonaco } from "@graphiql/react";
import { useEffect } from "react";

export const THEMES = { light: "meritbook-light", dark: "meritbook-dark" };

type Palette = { base: "vs" | "vs-dark"; accent: string; back: string; field: string; text: string; argument: string };

const PALETTES: Record<keyof typeof THEMES, Palette> = {
  light: { base: "vs", accent: "#0b7a75", back: "#ffffff", field: "#3b4b6811", text: "#444444", argument: "#6c69ce" },
  dark: { base: "vs-dark", accent: "#45c4bc", back: "#212a3b", field: "#b7c2d711", text: "#ffffff", argument: "#908aff" },
};

const ACCENT = [
  "textLink.foreground",
  "textLink.activeForeground",
  "editorLink.activeForeground",
  "list.highlightForeground",
  "list.focusHighlightForeground",
  "editorSuggestWidget.selectedForeground",
  "focusBorder",
  "editorWidget.resizeBorder",
  "pickerGroup.foreground",
  "menu.selectionForeground",
];
const TINT = [
  "list.hoverBackground",
  "editorSuggestWidget.selectedBackground",
  "toolbar.hoverBackground",
  "inputOption.hoverBackground",
  "quickInputList.focusBackground",
  "menu.selectionBackground",
];
const BACK = [
  "editorHoverWidget.background",
  "menu.background",
  "editorSuggestWidget.background",
  "quickInput.background",
  "editorWidget.background",
];

const all = (names: string[], colour: string) => Object.fromEntries(names.map((name) => [name, colour]));

/** Defines the colours as soon as there is an editor, and follows the system when it turns light or dark. */
export function useColours() {
  const theme = useGraphiQL((state) => state.theme);
  const monaco = useMonaco((state) => state.monaco);
  const { setTheme } = useGraphiQLActions();

  useEffect(() => {
    if (!monaco) return;
    for (const [name, { base, accent, back, field, text, argument }] of Object.entries(PALETTES)) {
      monaco.editor.defineTheme(THEMES[name as keyof typeof THEMES], {
        base,
        inherit: true,
        rules: [{ token: "argument.identifier.gql", foreground: argument }],
        colors: {
          ...all(["editor.background", "scrollbar.shadow"], "#ffffff00"),
          ...all(ACCENT, accent),
          ...all(TINT, `${accent}19`),
          ...all(BACK, back),
          "input.background": field,
          "quickInputList.focusForeground": text,
        },
      });
    }
    setTheme(theme);
  }, [monaco]);

  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const changed = () => theme === null && setTheme(null);
    dark.addEventListener("change", changed);
    return () => dark.removeEventListener("change", changed);
  }, [theme, setTheme]);
}
