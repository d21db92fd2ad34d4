package io.connectctl.manager.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;

/** A command about one server that takes {@code -f FILE}; logs and events need that letter for following. */
abstract class ServerCommand extends NamedCommand {
    @Mixin
    final FileOption fileOption = new FileOption();

    ServerCommand(CliContext context) {
        super(context);
    }

    @Override
    final @Nullable Path file() {
        return fileOption.file;
    }
}
