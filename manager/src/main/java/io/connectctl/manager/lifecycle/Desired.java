package io.connectctl.manager.lifecycle;

/** What is wanted of a server. The latest command wins. */
public enum Desired {
    UP,
    DOWN
}
