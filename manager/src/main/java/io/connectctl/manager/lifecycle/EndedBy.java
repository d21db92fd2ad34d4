package io.connectctl.manager.lifecycle;

/** Why a server's last instance ended or is being ended: whoever wants it by hand neither waits nor spends the restart budget. */
public enum EndedBy {
    OPERATOR,
    FAULT
}
