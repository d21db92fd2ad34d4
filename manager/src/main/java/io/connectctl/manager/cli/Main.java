package io.connectctl.manager.cli;

/** Where {@code bin/connectctl} enters. */
public final class Main {
    private Main() {}

    /** Runs one command and exits with its code. */
    public static void main(String[] arguments) {
        CliContext context = CliContext.system();
        int code = Cli.run(context, arguments);
        context.out().flush();
        context.err().flush();
        System.exit(code);
    }
}
