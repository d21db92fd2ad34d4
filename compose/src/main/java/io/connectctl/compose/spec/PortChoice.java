package io.connectctl.compose.spec;

/** Which port: a fixed one, any free one, or (for the UI only) none at all. */
public sealed interface PortChoice {
    /** A fixed port, 1024-65535 (Spark's own bounds). */
    record Fixed(int port) implements PortChoice {
        public Fixed {
            if (port < 1024 || port > 65535) {
                throw new IllegalArgumentException("port " + port + " is outside 1024-65535");
            }
        }

        @Override
        public String toString() {
            return Integer.toString(port);
        }
    }

    /** Any free port, chosen by the system when the server binds it. */
    record Auto() implements PortChoice {
        @Override
        public String toString() {
            return "auto";
        }
    }

    /** No port: the UI is off. */
    record Off() implements PortChoice {
        @Override
        public String toString() {
            return "off";
        }
    }
}
