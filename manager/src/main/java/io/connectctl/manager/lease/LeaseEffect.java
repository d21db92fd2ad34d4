package io.connectctl.manager.lease;

/** What is to be done after a step was stored. Each may be done again: a restarted daemon doesn't know what was. */
public sealed interface LeaseEffect {
    /** The lease that it is about. */
    String lease();

    /** Its server is to be started; a pool's spare is declared first. */
    record Begin(String lease) implements LeaseEffect {}

    /** Its server is to learn when it ends by itself, should nobody be there to end it. */
    record Arm(String lease) implements LeaseEffect {}

    /** Its server is to be ended and removed; Gone says that it is. */
    record End(String lease) implements LeaseEffect {}
}
