package io.connectctl.manager.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.function.Consumer;

/**
 * Takes signals that are sent to this process. Java's only way is {@code sun.misc.Signal} of the module jdk.unsupported, which javac
 * warns of and gives no way to say that it is meant: so by reflection. A Java without that module ends at a signal as ever, and the
 * daemon cleans up after it.
 */
final class Signals {
    private Signals() {}

    /** From now on {@code taker} hears of this signal, such as {@code TERM}, on a thread of its own. One that is ignored stays so. */
    static void take(String name, Consumer<String> taker) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler called = (proxy, method, arguments) -> {
                if (method.getName().equals("handle")) {
                    taker.accept(name);
                    return null;
                }
                return object(proxy, method, arguments);
            };
            Object proxy = Proxy.newProxyInstance(Signals.class.getClassLoader(), new Class<?>[] {handler}, called);
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
        } catch (ReflectiveOperationException | RuntimeException e) {
            // No such module, or a signal that the JVM keeps for itself: see above.
            return;
        }
    }

    private static Object object(Object proxy, Method method, Object[] arguments) {
        return switch (method.getName()) {
            case "equals" -> arguments[0] == proxy;
            case "hashCode" -> System.identityHashCode(proxy);
            default -> "signal handler";
        };
    }

    /** The number of a signal that is taken here. */
    static int number(String name) {
        return switch (name) {
            case "HUP" -> 1;
            case "INT" -> 2;
            case "TERM" -> 15;
            default -> throw new IllegalArgumentException("signal " + name + " isn't taken");
        };
    }
}
