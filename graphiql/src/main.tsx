import "./nonce";
import "@graphiql/react/font/fira-code.css";
import "@graphiql/react/font/roboto.css";
import "./workers";
import "./style.css";
import { createRoot } from "react-dom/client";
import { Page } from "./page";
import { check } from "./session";

void check();
createRoot(document.getElementById("page")!).render(<Page />);
