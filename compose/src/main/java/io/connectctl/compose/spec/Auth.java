package io.connectctl.compose.spec;

/** Who may connect: anybody who reaches the port, or whoever has the server's token (Spark 4.0+). */
public enum Auth {
    NONE,
    TOKEN
}
