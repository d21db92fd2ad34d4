package io.connectctl.compose.spec;

/** From where the server can be reached: this machine only, or every interface. */
public enum Expose {
    LOOPBACK,
    ALL
}
